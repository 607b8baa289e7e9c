//! The status codes of the Invoice Response and their order (BIS 63A; STANDARDS section 1.2).

use crate::domain::{Reading, Receivable};
use crate::statement::{SourceKind, Status};

/// A status code of the Invoice Response (a subset of UNCL4343), in the order of the BIS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResponseCode {
    /// `AB`: the message arrived and can be read.
    Acknowledged,
    /// `IP`: it is being worked on.
    InProcess,
    /// `UQ`: halted until the seller answers.
    UnderQuery,
    /// `CA`: accepted under conditions.
    ConditionallyAccepted,
    /// `RE`: refused; final.
    Rejected,
    /// `AP`: accepted; what follows is payment.
    Accepted,
    /// `PD` with the reason `PPD`: a payment of a part was initiated.
    PartiallyPaid,
    /// `PD`: payment was initiated; final.
    Paid,
}

/// What a status is to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It may follow.
    Fine,
    /// It says the same again.
    Repeat,
    /// The BIS does not know this step: the parties settle it by other means.
    Outside,
}

impl ResponseCode {
    /// Every one of them, in order.
    pub const ALL: [Self; 8] = [
        Self::Acknowledged,
        Self::InProcess,
        Self::UnderQuery,
        Self::ConditionallyAccepted,
        Self::Rejected,
        Self::Accepted,
        Self::PartiallyPaid,
        Self::Paid,
    ];

    /// The code of the list.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "AB",
            Self::InProcess => "IP",
            Self::UnderQuery => "UQ",
            Self::ConditionallyAccepted => "CA",
            Self::Rejected => "RE",
            Self::Accepted => "AP",
            Self::PartiallyPaid | Self::Paid => "PD",
        }
    }

    /// What it means to the registry. `PD` is a payment that was initiated, never one that arrived.
    pub const fn status(self) -> Status {
        match self {
            Self::Acknowledged => Status::Received,
            Self::InProcess => Status::InProcess,
            Self::UnderQuery => Status::Queried,
            Self::ConditionallyAccepted => Status::ApprovedPart,
            Self::Rejected => Status::Refused,
            Self::Accepted => Status::Approved,
            Self::PartiallyPaid => Status::PartPaid,
            Self::Paid => Status::PaymentInitiated,
        }
    }

    /// The code that says a status, where there is one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "no code says the others")]
    pub const fn of(status: Status) -> Option<Self> {
        Some(match status {
            Status::Received => Self::Acknowledged,
            Status::InProcess | Status::Booked => Self::InProcess,
            Status::Queried => Self::UnderQuery,
            Status::ApprovedPart => Self::ConditionallyAccepted,
            Status::Refused => Self::Rejected,
            Status::Approved => Self::Accepted,
            Status::PartPaid => Self::PartiallyPaid,
            Status::PaymentInitiated | Status::Paid => Self::Paid,
            _ => return None,
        })
    }

    /// What the buyer's side said last of an invoice, with its code: of payment where it spoke of that, of its
    /// process otherwise. The seller's word is none of the buyer's.
    pub fn last(receivable: &Receivable) -> Option<(Self, &Reading)> {
        let spoken = |reading: &'_ Reading| reading.source != SourceKind::Seller;
        [&receivable.payment, &receivable.process]
            .into_iter()
            .flatten()
            .filter(|reading| spoken(reading))
            .find_map(|reading| Some((Self::of(reading.status)?, reading)))
    }
}

/// Whether a status may follow the one before it.
pub fn follows(last: Option<ResponseCode>, next: ResponseCode) -> Step {
    use ResponseCode::{
        Accepted, Acknowledged, ConditionallyAccepted, InProcess, Paid, PartiallyPaid, Rejected,
        UnderQuery,
    };
    let Some(last) = last else { return Step::Fine };
    match (last, next) {
        // A question, and a payment of a part, may come again.
        (UnderQuery, UnderQuery) | (PartiallyPaid, PartiallyPaid) => Step::Fine,
        (last, next) if last == next => Step::Repeat,
        (PartiallyPaid, Paid) => Step::Fine,
        (Rejected | Paid | PartiallyPaid, _) => Step::Outside,
        (Acknowledged | InProcess | UnderQuery | ConditionallyAccepted | Accepted, next) => {
            if last < next { Step::Fine } else { Step::Outside }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_of_the_bis_holds() {
        // Rows: the last status; columns: AB IP UQ CA RE AP PD. `o` may follow, `d` says it again, `x` is outside.
        let matrix = [
            ("AB", "doooooo"),
            ("IP", "xdooooo"),
            ("UQ", "xxooooo"),
            ("CA", "xxxdooo"),
            ("RE", "xxxxdxx"),
            ("AP", "xxxxxdo"),
            ("PPD", "xxxxxxo"),
            ("PD", "xxxxxxd"),
        ];
        let columns =
            ResponseCode::ALL.into_iter().filter(|code| *code != ResponseCode::PartiallyPaid);
        let columns = columns.collect::<Vec<_>>();
        for (row, (name, cells)) in ResponseCode::ALL.into_iter().zip(matrix) {
            for (column, cell) in columns.iter().zip(cells.chars()) {
                let expected = match cell {
                    'o' => Step::Fine,
                    'd' => Step::Repeat,
                    _ => Step::Outside,
                };
                assert_eq!(follows(Some(row), *column), expected, "{name} then {column:?}");
            }
        }
        for next in ResponseCode::ALL {
            assert_eq!(follows(None, next), Step::Fine);
        }
        assert_eq!(
            follows(Some(ResponseCode::PartiallyPaid), ResponseCode::PartiallyPaid),
            Step::Fine
        );
        assert_eq!(follows(Some(ResponseCode::Paid), ResponseCode::PartiallyPaid), Step::Outside);
        assert_eq!(follows(Some(ResponseCode::Accepted), ResponseCode::PartiallyPaid), Step::Fine);
    }
}

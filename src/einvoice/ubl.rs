//! UBL 2.1 invoices and credit notes (ISO/IEC 19845), as EN 16931 and Peppol BIS Billing 3 use them.

use crate::types::{Currency, Date, DocumentHash};

use super::{
    Draft, DraftParty, Kind, Preceding, ReadError, Term, document_hash, fields,
    party_ids::{Evidence, Raw},
    xml::{self, Element},
};

pub(super) const INVOICE: &str = "invoice:Invoice";
pub(super) const CREDIT_NOTE: &str = "credit:CreditNote";

/// Reads a UBL document.
///
/// # Errors
///
/// [`ReadError`]; another XML document is [`ReadError::NotAnInvoice`].
pub fn read(bytes: &[u8]) -> Result<Draft, ReadError> {
    let root = xml::parse(bytes)?;
    if !matches!(root.name(), INVOICE | CREDIT_NOTE) {
        return Err(ReadError::not_an_invoice(&root));
    }
    Ok(Draft { document_hash: Some(document_hash(bytes)), ..draft(&root)? })
}

/// Takes the draft out of a document's tree.
pub(super) fn draft(root: &Element) -> Result<Draft, ReadError> {
    let (type_code, kind) = type_code(root)?;
    let number = fields::number(root.first_text("cbc:ID"))?;
    let issued = root.first_text("cbc:IssueDate").ok_or(ReadError::Missing(Term::IssueDate))?;
    let currency = fields::currency(root.first_text("cbc:DocumentCurrencyCode"))?;
    let amount = |term, name: &str| {
        fields::amount(term, currency, &root.all(&format!("cac:LegalMonetaryTotal/cbc:{name}")))
    };
    let seller = party(root, "cac:AccountingSupplierParty/cac:Party");
    let payee = payee(root, &seller);
    let reference = |path| fields::reference(root.first_text(path));
    let accounts = root.all("cac:PaymentMeans/cac:PayeeFinancialAccount/cbc:ID");
    let draft = Draft {
        kind,
        number,
        type_code,
        issue_date: fields::iso_date(Term::IssueDate, issued)?,
        due_date: due_date(root)?,
        currency,
        gross_minor: amount(Term::Gross, "TaxInclusiveAmount")?,
        due_minor: amount(Term::AmountDue, "PayableAmount")?,
        buyer: party(root, "cac:AccountingCustomerParty/cac:Party"),
        seller,
        payee,
        payee_account: accounts.iter().find_map(|account| fields::iban(account.text())),
        preceding: preceding(root),
        order_reference: reference("cac:OrderReference/cbc:ID"),
        despatch_reference: reference("cac:DespatchDocumentReference/cbc:ID"),
        contract_reference: reference("cac:ContractDocumentReference/cbc:ID"),
        lines: lines(root, currency),
        line: None,
        document_hash: None,
        born_assigned: Vec::new(),
    };
    Ok(draft.flag_assignment())
}

/// UBL, unlike EN 16931, lets the type code out; the root element then says what the document is. A credit
/// note's root outweighs a code that contradicts it: such a document never claims money.
fn type_code(root: &Element) -> Result<(u16, Kind), ReadError> {
    let is_credit_note = root.name() == CREDIT_NOTE;
    let stated = root
        .first_text("cbc:InvoiceTypeCode")
        .or_else(|| root.first_text("cbc:CreditNoteTypeCode"));
    match (stated, is_credit_note) {
        (None, true) => Ok((381, Kind::CreditNote)),
        (None, false) => Ok((380, Kind::Invoice)),
        (Some(text), true) => Ok((fields::type_code(text)?.0, Kind::CreditNote)),
        (Some(text), false) => fields::type_code(text),
    }
}

/// A credit note of UBL 2.1 has its due date with the means of payment only.
fn due_date(root: &Element) -> Result<Option<Date>, ReadError> {
    ["cbc:DueDate", "cac:PaymentMeans/cbc:PaymentDueDate", "cac:PaymentTerms/cbc:PaymentDueDate"]
        .iter()
        .find_map(|path| root.first_text(path))
        .map(|text| fields::iso_date(Term::DueDate, text))
        .transpose()
}

fn lines(root: &Element, currency: Currency) -> Vec<DocumentHash> {
    let (element, quantity) = if root.name() == CREDIT_NOTE {
        ("cac:CreditNoteLine", "cbc:CreditedQuantity")
    } else {
        ("cac:InvoiceLine", "cbc:InvoicedQuantity")
    };
    let all = root.all(element);
    fields::line_digests(all.into_iter().map(|line| {
        fields::line(
            currency,
            [
                line.first_text("cac:Item/cac:StandardItemIdentification/cbc:ID"),
                line.first_text("cac:Item/cac:SellersItemIdentification/cbc:ID"),
                line.first_text("cac:Item/cbc:Name"),
            ],
            line.first_text(quantity),
            line.first_text("cac:Price/cbc:PriceAmount"),
            line.first_text("cbc:LineExtensionAmount"),
        )
    }))
}

fn party(root: &Element, path: &str) -> DraftParty {
    let parties = root.all(path);
    parties.first().map(|party| evidence(party).resolve()).unwrap_or_default()
}

fn evidence(party: &Element) -> Evidence<'_> {
    let raw = |element: &&'_ Element| !element.text().is_empty();
    let identifiers = party.all("cac:PartyIdentification/cbc:ID");
    // Under the scheme SEPA stands the bank's creditor id (BT-90), which identifies a mandate.
    let own = identifiers
        .into_iter()
        .filter(raw)
        .filter(|id| id.attribute("schemeID").is_none_or(|scheme| scheme != "SEPA"));
    let vat = party.all("cac:PartyTaxScheme").into_iter().filter(|scheme| {
        let name = scheme.first_text("cac:TaxScheme/cbc:ID").unwrap_or_default();
        name.eq_ignore_ascii_case("VAT")
    });
    Evidence {
        name: party
            .first_text("cac:PartyLegalEntity/cbc:RegistrationName")
            .or_else(|| party.first_text("cac:PartyName/cbc:Name")),
        country: party.first_text("cac:PostalAddress/cac:Country/cbc:IdentificationCode"),
        legal: party
            .all("cac:PartyLegalEntity/cbc:CompanyID")
            .into_iter()
            .filter(raw)
            .map(identifier)
            .collect(),
        vat: vat.filter_map(|scheme| scheme.first_text("cbc:CompanyID")).collect(),
        other: own.map(identifier).collect(),
        endpoint: party.first("cbc:EndpointID").map(identifier),
    }
}

pub(super) fn identifier(element: &Element) -> Raw<'_> {
    Raw { scheme: element.attribute("schemeID"), value: element.text() }
}

/// BG-10 exists only for a payee who is not the seller; some software writes the seller there all the same.
fn payee(root: &Element, seller: &DraftParty) -> Option<DraftParty> {
    let payee = party(root, "cac:PayeeParty");
    let says_nothing = payee.ids.is_empty() && payee.name.is_none();
    if says_nothing || payee.is_same_as(seller) { None } else { Some(payee) }
}

fn preceding(root: &Element) -> Vec<Preceding> {
    root.all("cac:BillingReference/cac:InvoiceDocumentReference")
        .into_iter()
        .filter_map(|reference| {
            let number = fields::number(reference.first_text("cbc:ID")).ok()?;
            let issued = reference.first_text("cbc:IssueDate");
            let issue_date = issued.and_then(|text| fields::iso_date(Term::IssueDate, text).ok());
            Some(Preceding { number, issue_date })
        })
        .take(PRECEDING_MAX)
        .collect()
}

/// How many preceding invoices are kept; collective credit notes name some dozens.
pub(super) const PRECEDING_MAX: usize = 1000;

//! UN/CEFACT Cross Industry Invoice D16B and later, as EN 16931, Factur-X and the German CIUS use it.

use crate::types::{Currency, Date, DocumentHash};

use super::{
    Draft, DraftParty, Preceding, ReadError, Term, document_hash, fields,
    party_ids::Evidence,
    ubl::{PRECEDING_MAX, identifier},
    xml::{self, Element},
};

pub(super) const INVOICE: &str = "rsm:CrossIndustryInvoice";

const AGREEMENT: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement";
const DELIVERY: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeDelivery";
const SETTLEMENT: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";

/// Reads a CII document.
///
/// # Errors
///
/// [`ReadError`]; another XML document is [`ReadError::NotAnInvoice`].
pub fn read(bytes: &[u8]) -> Result<Draft, ReadError> {
    let root = xml::parse(bytes)?;
    if root.name() != INVOICE {
        return Err(ReadError::not_an_invoice(&root));
    }
    Ok(Draft { document_hash: Some(document_hash(bytes)), ..draft(&root)? })
}

/// Takes the draft out of a document's tree.
pub(super) fn draft(root: &Element) -> Result<Draft, ReadError> {
    let test = root.first_text("rsm:ExchangedDocumentContext/ram:TestIndicator/udt:Indicator");
    if test.is_some_and(|value| matches!(value, "true" | "1")) {
        return Err(ReadError::TestDocument);
    }
    let stated = root.first_text("rsm:ExchangedDocument/ram:TypeCode");
    let (type_code, kind) = fields::type_code(stated.ok_or(ReadError::Missing(Term::TypeCode))?)?;
    let number = fields::number(root.first_text("rsm:ExchangedDocument/ram:ID"))?;
    let issued = root
        .first("rsm:ExchangedDocument/ram:IssueDateTime/udt:DateTimeString")
        .ok_or(ReadError::Missing(Term::IssueDate))?;
    let in_settlement = |path: &str| format!("{SETTLEMENT}/{path}");
    let currency = fields::currency(root.first_text(&in_settlement("ram:InvoiceCurrencyCode")))?;
    let amount = |term, name: &str| {
        let path = format!("ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:{name}");
        fields::amount(term, currency, &root.all(&in_settlement(&path)))
    };
    let seller = party(root, &format!("{AGREEMENT}/ram:SellerTradeParty"));
    let payee = payee(root, &seller);
    let reference = |section: &str, name: &str| {
        fields::reference(root.first_text(&format!("{section}/ram:{name}/ram:IssuerAssignedID")))
    };
    let accounts = root.all(&in_settlement(
        "ram:SpecifiedTradeSettlementPaymentMeans/ram:PayeePartyCreditorFinancialAccount/ram:IBANID",
    ));
    let draft = Draft {
        kind,
        number,
        type_code,
        issue_date: fields::cii_date(Term::IssueDate, issued)?,
        due_date: due_date(root)?,
        currency,
        gross_minor: amount(Term::Gross, "GrandTotalAmount")?,
        due_minor: amount(Term::AmountDue, "DuePayableAmount")?,
        buyer: party(root, &format!("{AGREEMENT}/ram:BuyerTradeParty")),
        seller,
        payee,
        payee_account: accounts.iter().find_map(|account| fields::iban(account.text())),
        preceding: preceding(root),
        order_reference: reference(AGREEMENT, "BuyerOrderReferencedDocument"),
        despatch_reference: reference(DELIVERY, "DespatchAdviceReferencedDocument"),
        contract_reference: reference(AGREEMENT, "ContractReferencedDocument"),
        lines: lines(root, currency),
        line: None,
        document_hash: None,
        born_assigned: Vec::new(),
    };
    Ok(draft.flag_assignment())
}

fn due_date(root: &Element) -> Result<Option<Date>, ReadError> {
    let path = format!(
        "{SETTLEMENT}/ram:SpecifiedTradePaymentTerms/ram:DueDateDateTime/udt:DateTimeString"
    );
    root.first(&path).map(|element| fields::cii_date(Term::DueDate, element)).transpose()
}

fn lines(root: &Element, currency: Currency) -> Vec<DocumentHash> {
    let all = root.all("rsm:SupplyChainTradeTransaction/ram:IncludedSupplyChainTradeLineItem");
    fields::line_digests(all.into_iter().map(|line| {
        let price =
            "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount";
        let total =
            "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation";
        fields::line(
            currency,
            [
                line.first_text("ram:SpecifiedTradeProduct/ram:GlobalID"),
                line.first_text("ram:SpecifiedTradeProduct/ram:SellerAssignedID"),
                line.first_text("ram:SpecifiedTradeProduct/ram:Name"),
            ],
            line.first_text("ram:SpecifiedLineTradeDelivery/ram:BilledQuantity"),
            line.first_text(price),
            line.first_text(&format!("{total}/ram:LineTotalAmount")),
        )
    }))
}

fn party(root: &Element, path: &str) -> DraftParty {
    let parties = root.all(path);
    parties.first().map(|party| evidence(party).resolve()).unwrap_or_default()
}

fn evidence(party: &Element) -> Evidence<'_> {
    let written = |path| party.all(path).into_iter().filter(|id| !id.text().is_empty());
    let vat = written("ram:SpecifiedTaxRegistration/ram:ID")
        .filter(|id| id.attribute("schemeID").is_some_and(|scheme| matches!(scheme, "VA" | "VAT")));
    Evidence {
        name: party
            .first_text("ram:Name")
            .or_else(|| party.first_text("ram:SpecifiedLegalOrganization/ram:TradingBusinessName")),
        country: party.first_text("ram:PostalTradeAddress/ram:CountryID"),
        legal: written("ram:SpecifiedLegalOrganization/ram:ID").map(identifier).collect(),
        vat: vat.map(Element::text).collect(),
        other: written("ram:GlobalID").chain(written("ram:ID")).map(identifier).collect(),
        endpoint: party.first("ram:URIUniversalCommunication/ram:URIID").map(identifier),
    }
}

/// BG-10, unless it repeats the seller.
fn payee(root: &Element, seller: &DraftParty) -> Option<DraftParty> {
    let payee = party(root, &format!("{SETTLEMENT}/ram:PayeeTradeParty"));
    let says_nothing = payee.ids.is_empty() && payee.name.is_none();
    if says_nothing || payee.is_same_as(seller) { None } else { Some(payee) }
}

fn preceding(root: &Element) -> Vec<Preceding> {
    root.all(&format!("{SETTLEMENT}/ram:InvoiceReferencedDocument"))
        .into_iter()
        .filter_map(|reference| {
            let number = fields::number(reference.first_text("ram:IssuerAssignedID")).ok()?;
            let issued = reference.first("ram:FormattedIssueDateTime/qdt:DateTimeString");
            let issue_date =
                issued.and_then(|element| fields::cii_date(Term::IssueDate, element).ok());
            Some(Preceding { number, issue_date })
        })
        .take(PRECEDING_MAX)
        .collect()
}

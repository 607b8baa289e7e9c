//! The folder of a debtor's own response messages.

use std::fs;
use std::path::Path;

use tallystick::connect::peppol::Messages;
use tallystick::connect::{Connector as _, Entry, Payment, Trouble};
use tallystick::statement::{SourceKind, Status};

use crate::reader::Reader;

const NOW_S: i64 = 1_795_000_000;

fn response(id: &str, code: &str, extra: &str) -> String {
    format!(
        r#"<ApplicationResponse xmlns="urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
 xmlns:cac="urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
 xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">
 <cbc:CustomizationID>urn:fdc:peppol.eu:poacc:trns:invoice_response:3</cbc:CustomizationID>
 <cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:invoice_response:3</cbc:ProfileID>
 <cbc:ID>{id}</cbc:ID>
 <cbc:IssueDate>2026-11-10</cbc:IssueDate>
 <cbc:IssueTime>09:30:00Z</cbc:IssueTime>
 <cac:SenderParty><cbc:EndpointID schemeID="0106">12345678</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Buyer</cbc:RegistrationName></cac:PartyLegalEntity></cac:SenderParty>
 <cac:ReceiverParty><cbc:EndpointID schemeID="0106">68750110</cbc:EndpointID>
  <cac:PartyLegalEntity><cbc:RegistrationName>Seller</cbc:RegistrationName></cac:PartyLegalEntity></cac:ReceiverParty>
 <cac:DocumentResponse>
  <cac:Response><cbc:ResponseCode>{code}</cbc:ResponseCode>{extra}</cac:Response>
  <cac:DocumentReference><cbc:ID>F-17</cbc:ID><cbc:IssueDate>2026-11-01</cbc:IssueDate>
   <cbc:DocumentTypeCode>380</cbc:DocumentTypeCode></cac:DocumentReference>
 </cac:DocumentResponse>
</ApplicationResponse>"#
    )
}

const REASON: &str = r#"<cac:Status><cbc:StatusReasonCode listID="OPStatusReason">QTY</cbc:StatusReasonCode></cac:Status>"#;

fn reader(root: &Path) -> Reader<Messages> {
    fs::create_dir(root.join("kade")).unwrap();
    let mut reader = Reader::new(Messages::new(Some(root.to_owned())), NOW_S);
    reader.settings.insert("folder".to_owned(), "kade".to_owned());
    assert_eq!(reader.connector.check(&reader.settings, &reader.client), Ok(()));
    reader
}

fn statuses(entries: &[Entry]) -> Vec<(&str, Option<Status>, Option<Payment>)> {
    let mut found: Vec<_> = entries
        .iter()
        .map(|entry| {
            let process = entry.process.as_ref().map(|stand| stand.status);
            (entry.key.as_str(), process, entry.payment)
        })
        .collect();
    found.sort_unstable_by_key(|(key, ..)| *key);
    found
}

#[test]
fn each_message_is_read_once_and_the_folder_is_left_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let mut reader = reader(root.path());
    let folder = root.path().join("kade");
    fs::write(folder.join("1.xml"), response("R1", "AP", "")).unwrap();
    fs::write(folder.join("2.xml"), response("R2", "UQ", REASON)).unwrap();
    fs::write(folder.join("3.xml"), response("R3", "PD", "")).unwrap();
    fs::write(folder.join("broken.xml"), "<ApplicationResponse").unwrap();
    fs::write(folder.join(".4.xml"), response("R4", "RE", REASON)).unwrap();
    let entries = reader.round().unwrap();
    assert_eq!(
        statuses(&entries),
        [
            ("R1", Some(Status::Approved), None),
            ("R2", Some(Status::Queried), None),
            ("R3", None, Some(Payment::Initiated)),
        ]
    );
    let entry = &entries[0];
    assert_eq!((entry.number.as_str(), entry.source), ("F-17", SourceKind::Buyer));
    assert_eq!(entry.suppliers[0].to_string(), "0106:68750110");
    assert_eq!(entry.changed_at.to_string(), "2026-11-10T09:30:00.000Z");
    assert!(reader.round().unwrap().is_empty());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 5);
    // The same name with another content is another message; one that came late is read, too.
    fs::write(folder.join("1.xml"), response("R1-again", "RE", REASON)).unwrap();
    fs::rename(folder.join(".4.xml"), folder.join("4.xml")).unwrap();
    let entries = reader.round().unwrap();
    let refused = Some(Status::Refused);
    assert_eq!(statuses(&entries), [("R1-again", refused, None), ("R4", refused, None)]);
    fs::remove_dir_all(&folder).unwrap();
    assert_eq!(reader.round().unwrap_err(), Trouble::Unreachable);
}

#[test]
fn more_messages_than_are_read_at_once_are_all_read() {
    let root = tempfile::tempdir().unwrap();
    let mut reader = reader(root.path());
    for number in 0..250 {
        let file = root.path().join(format!("kade/{number}.xml"));
        fs::write(file, response(&format!("R{number}"), "AP", "")).unwrap();
    }
    assert_eq!(reader.round().unwrap().len(), 250);
}

#[test]
fn a_folder_is_one_of_the_operators_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    let mut reader = reader(root.path());
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("1.xml"), response("R1", "AP", "")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.path(), root.path().join("link")).unwrap();
    for name in ["..", ".", "", "a/b", "/etc", "kade/..", "not-there", "link"] {
        reader.settings.insert("folder".to_owned(), name.to_owned());
        let refused = reader.connector.check(&reader.settings, &reader.client).unwrap_err();
        assert!(refused.starts_with("`folder`"), "{name}: {refused}");
    }
    let without = Reader::new(Messages::new(None), NOW_S);
    assert!(without.connector.check(&reader.settings, &reader.client).is_err());
    assert_eq!(without.connector.check(&without.settings, &without.client), Ok(()));
}

#[test]
fn a_message_can_be_given_and_what_is_none_is_refused() {
    let root = tempfile::tempdir().unwrap();
    let reader = reader(root.path());
    let take =
        |file: &str| reader.with(|connector, access| connector.take(access, None, file.as_bytes()));
    let batch = take(&response("R1", "AP", "")).unwrap();
    assert_eq!(statuses(&batch.entries), [("R1", Some(Status::Approved), None)]);
    for wrong in ["", "<a/>", "number;open", &response("R1", "ZZ", "")] {
        assert!(matches!(take(wrong), Err(Trouble::Malformed(_))), "{wrong}");
    }
}

//! Documents made to hurt a reader: each is refused, quickly, by name.

use proptest::prelude::*;
use tallystick::einvoice::{self, Format};

use super::sample;

fn code(bytes: &[u8]) -> &'static str {
    match einvoice::read(bytes) {
        Ok(_) => "read",
        Err(error) => error.code(),
    }
}

const OPEN: &str = r#"<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" xmlns:cbc="urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2">"#;

#[test]
fn entities_of_a_document_are_never_defined_nor_fetched() {
    let laughs = (1..10).fold(r#"<!ENTITY l0 "lol">"#.to_owned(), |text, level| {
        let below = format!("&l{};", level - 1).repeat(10);
        format!(r#"{text}<!ENTITY l{level} "{below}">"#)
    });
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE lolz [{laughs}]>{OPEN}<cbc:ID>&l9;</cbc:ID></Invoice>"
    );
    assert_eq!(code(bomb.as_bytes()), "xml_doctype");
    let external = r#"<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>"#;
    assert_eq!(
        code(format!("{external}{OPEN}<cbc:ID>&e;</cbc:ID></Invoice>").as_bytes()),
        "xml_doctype"
    );
    let dtd = r#"<!DOCTYPE Invoice SYSTEM "http://attacker.example/x.dtd">"#;
    assert_eq!(code(format!("{dtd}{OPEN}</Invoice>").as_bytes()), "xml_doctype");
    assert_eq!(code(format!("{OPEN}<cbc:ID>&e;</cbc:ID></Invoice>").as_bytes()), "xml_entity");
    assert_eq!(code(format!("{OPEN}<cbc:ID x='&e;'/></Invoice>").as_bytes()), "xml_entity");
    for reference in ["&#0;", "&#x1F;", "&#xD800;", "&#x110000;", "&#xFFFF;"] {
        let document = format!("{OPEN}<cbc:ID>{reference}</cbc:ID></Invoice>");
        assert_eq!(code(document.as_bytes()), "xml_character", "{reference}");
    }
}

#[test]
fn sizes_are_bounded() {
    let deep = |levels: usize| {
        format!("{OPEN}{}{}</Invoice>", "<cbc:X>".repeat(levels), "</cbc:X>".repeat(levels))
    };
    assert_eq!(code(deep(62).as_bytes()), "number_missing");
    assert_eq!(code(deep(64).as_bytes()), "xml_too_deep");
    assert_eq!(code(deep(500_000).as_bytes()), "xml_too_deep");
    assert_eq!(code(format!("{OPEN}{}", "<a>".repeat(1_000_000)).as_bytes()), "xml_too_deep");
    let wide = format!("{OPEN}{}</Invoice>", "<a/>".repeat(300_000));
    assert_eq!(code(wide.as_bytes()), "xml_too_many_elements");
    let attributes = (0..200_000).map(|n| format!(" a{n}=''")).collect::<Vec<_>>().concat();
    assert_eq!(
        code(format!("{OPEN}<a{attributes}/></Invoice>").as_bytes()),
        "xml_too_many_attributes"
    );
    let bindings =
        (0..200_000).map(|n| format!(" xmlns:a{n}='u:{n}'")).collect::<Vec<_>>().concat();
    assert_ne!(code(format!("{OPEN}<a{bindings}/></Invoice>").as_bytes()), "read");
    let long = format!("{OPEN}<cbc:ID>{}</cbc:ID></Invoice>", "9".repeat(5_000_000));
    assert_eq!(code(long.as_bytes()), "number_invalid");
    assert_eq!(code(&vec![b'<'; einvoice::DOCUMENT_BYTES_MAX + 1]), "too_large");
    let comment = format!("{OPEN}<!--{}", "-".repeat(1_000_000));
    assert_eq!(code(comment.as_bytes()), "xml_malformed");
}

#[test]
fn what_is_not_well_formed_is_refused() {
    for (document, expected) in [
        (format!("{OPEN}<cbc:ID>1</cbc:ID>"), "xml_malformed"),
        (format!("{OPEN}</Other>"), "xml_malformed"),
        (format!("{OPEN}</Invoice>{OPEN}</Invoice>"), "xml_malformed"),
        (format!("{OPEN}</Invoice>trailing"), "xml_malformed"),
        (format!("{OPEN}<cbc:ID a='1' a='2'/></Invoice>"), "xml_malformed"),
        (format!("{OPEN}<cac:Party/></Invoice>"), "xml_prefix_unbound"),
        (format!("{OPEN}<cbc:ID>\u{1}</cbc:ID></Invoice>"), "xml_character"),
        ("<".to_owned(), "xml_malformed"),
        ("<!-- only a comment -->".to_owned(), "xml_malformed"),
        ("<?xml version='1.0' encoding='UTF-16'?><a/>".to_owned(), "encoding_unsupported"),
        ("<?xml version='1.0' encoding='ISO-8859-1'?><a/>".to_owned(), "encoding_unsupported"),
    ] {
        assert_eq!(code(document.as_bytes()), expected, "{document}");
    }
    assert_eq!(code(b"<a>\xe9</a>"), "encoding_unsupported");
    assert_eq!(code(b"\xff\xfe<\0a\0/\0>\0"), "encoding_unsupported");
    assert_eq!(code(b""), "empty");
    assert_eq!(code(b"\xef\xbb\xbf  \n"), "format_unknown");
    assert_eq!(code(b"\0\0\0\0"), "format_unknown");
    assert_eq!(code(b"Dear customer, please find attached"), "format_unknown");
}

#[test]
fn the_root_decides_what_a_document_is_and_its_prefixes_do_not() {
    let text = String::from_utf8(sample("invoice.ubl.xml")).expect("UTF-8");
    let renamed = text
        .replace("cbc:", "b:")
        .replace("xmlns:cbc", "xmlns:b")
        .replace("<Invoice xmlns=", "<u:Invoice xmlns:u=")
        .replace("</Invoice>", "</u:Invoice>");
    assert_eq!(code(renamed.as_bytes()), "read");
    let mark = [b"\xef\xbb\xbf".as_slice(), text.as_bytes()].concat();
    assert_eq!(code(&mark), "read");
    for (document, what) in [
        ("<Invoice/>", "<Invoice> without a namespace"),
        ("<Invoice xmlns='urn:other'/>", "of namespace \"urn:other\""),
        (
            "<rsm:CrossIndustryDocument xmlns:rsm='urn:ferd:CrossIndustryDocument:invoice:1p0'/>",
            "ZUGFeRD 1",
        ),
        ("<Order xmlns='urn:oasis:names:specification:ubl:schema:xsd:Order-2'/>", "an order"),
        ("<StandardBusinessDocument xmlns='x'/>", "an envelope"),
        ("<html/>", "a web page"),
    ] {
        let error = einvoice::read(document.as_bytes()).expect_err(what);
        assert_eq!(error.code(), "not_an_invoice");
        assert!(error.to_string().contains(what), "{error}");
    }
}

#[test]
fn the_format_is_told_by_the_content() {
    for (bytes, format) in [
        (b"<a/>".as_slice(), Format::Xml),
        (b"\xef\xbb\xbf\n <a/>", Format::Xml),
        (b"%PDF-1.7", Format::Pdf),
        (b"PK\x03\x04", Format::Archive),
        (b"\x1f\x8b", Format::Archive),
        (b"number;seller", Format::Csv),
        (b"", Format::Unknown),
        (b"\x00\x01", Format::Unknown),
    ] {
        assert_eq!(einvoice::format(bytes), format, "{bytes:?}");
    }
}

#[test]
fn tables_are_bounded_and_their_columns_checked() {
    let header = "number,issue_date,currency,gross,seller,buyer";
    assert_eq!(code(header.as_bytes()), "read");
    assert_eq!(code(format!("{header},{}", "x,".repeat(300)).as_bytes()), "row_malformed");
    // Finding the delimiter once looked at every cell of such a line, which took minutes at 10 MiB.
    assert_eq!(code(format!("number{}", ";".repeat(2_000_000)).as_bytes()), "row_malformed");
    assert_eq!(code(format!("{header},Number").as_bytes()), "column_twice");
    assert_eq!(code(b"number,issue_date,currency,gross,seller"), "column_missing");
    let lines = einvoice::read(format!("{header}\n1,2,3,4,5,6,7\n\"unclosed").as_bytes());
    let lines = lines.expect("a table with bad lines is a table");
    assert!(lines.iter().all(Result::is_err), "{lines:?}");
}

fn bytes_of_a_sample() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just("invoice.ubl.xml"),
        Just("credit-note.ubl.xml"),
        Just("invoice.cii.xml"),
        Just("open-items.csv")
    ]
    .prop_map(sample)
}

proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = einvoice::read(&bytes);
        let _ = einvoice::ubl::read(&bytes);
        let _ = einvoice::cii::read(&bytes);
        let _ = einvoice::csv::read(&bytes);
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[<>/&;a-z:\"'= \\n\\[\\]!?,.0-9éß€-]{0,200}") {
        let _ = einvoice::read(text.as_bytes());
        let _ = einvoice::read(format!("{OPEN}{text}</Invoice>").as_bytes());
        let _ = einvoice::read(format!("number;gross;seller;buyer;currency;issue_date\n{text}").as_bytes());
    }

    #[test]
    fn no_mutation_of_a_sample_makes_a_reader_panic(
        mut bytes in bytes_of_a_sample(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8),
    ) {
        for (place, byte, kind) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match kind {
                0 => bytes[at] = byte,
                1 => bytes.insert(at, byte),
                2 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(1)),
            }
        }
        if let Ok(lines) = einvoice::read(&bytes) {
            for draft in lines.into_iter().flatten() {
                let _ = draft.parties();
            }
        }
    }
}

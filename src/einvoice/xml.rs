//! Untrusted XML, as a small tree of what an invoice's header and lines need.
//!
//! Document type declarations are refused, and with them every entity that is not predefined; nothing is
//! fetched. Size, depth, elements, attributes and text are bounded before anything is kept. Names are
//! resolved by namespace, so a document's own prefixes do not matter: an element of the tree is called
//! `cbc:ID` whatever the document calls it. Attachments, signatures and foreign elements are
//! checked for well-formedness and left out. The tree knows nothing of invoices beyond these names.

use quick_xml::{
    NsReader, XmlVersion,
    events::{BytesRef, BytesStart, Event},
    name::ResolveResult,
};

use super::DOCUMENT_BYTES_MAX;
use super::ReadError;

/// How deep elements may nest; EN 16931 documents need 12.
const DEPTH_MAX: usize = 64;
/// How many elements a document may have; 10 MiB of invoice lines has some 150,000.
const ELEMENTS_MAX: usize = 250_000;
/// How many attributes an element may have; the roots of real documents have up to 20.
const ATTRIBUTES_MAX: usize = 64;
/// How much text of an element is kept; every field that we read is shorter.
const TEXT_BYTES_MAX: usize = 4096;

/// What is wrong with a text that should be XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// Not well-formed.
    #[error("it is not well-formed")]
    Malformed,
    /// The text ended inside an element, or there is none.
    #[error("it ends too early")]
    Truncated,
    /// More than one root element, or text around it.
    #[error("there is something after the document's end or before its start")]
    Stray,
    /// A document type declaration.
    #[error("it has a document type declaration (DTD), which no invoice needs and we refuse")]
    Doctype,
    /// An entity that XML does not predefine.
    #[error("it uses an entity that XML does not predefine")]
    Entity,
    /// A character that XML does not allow.
    #[error("it holds a character that XML does not allow")]
    Character,
    /// Elements nested too deep.
    #[error("its elements are nested deeper than 64 levels")]
    Depth,
    /// Too many elements.
    #[error("it has more than 250,000 elements")]
    Elements,
    /// Too many attributes on one element.
    #[error("an element has more than 64 attributes")]
    Attributes,
    /// A prefix without a namespace.
    #[error("a name has a prefix that is bound to no namespace")]
    Prefix,
}

impl XmlFault {
    /// The stable name of the fault.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Malformed | Self::Truncated | Self::Stray => "xml_malformed",
            Self::Doctype => "xml_doctype",
            Self::Entity => "xml_entity",
            Self::Character => "xml_character",
            Self::Depth => "xml_too_deep",
            Self::Elements => "xml_too_many_elements",
            Self::Attributes => "xml_too_many_attributes",
            Self::Prefix => "xml_prefix_unbound",
        }
    }
}

/// The namespaces of the syntaxes, and the prefix that each has in the tree.
const NAMESPACES: &[(&str, &str)] = &[
    ("urn:oasis:names:specification:ubl:schema:xsd:Invoice-2", "invoice"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2", "credit"),
    ("urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2", "response"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2", "cac"),
    ("urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2", "cbc"),
    ("urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100", "rsm"),
    ("urn:un:unece:uncefact:data:standard:CrossDomainAcknowledgementAndResponse:100", "cdar"),
    ("urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100", "ram"),
    ("urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100", "udt"),
    ("urn:un:unece:uncefact:data:standard:QualifiedDataType:100", "qdt"),
];

/// Elements that may be large and tell nothing that a registration needs.
const LEFT_OUT: &[&str] =
    &["cac:AdditionalDocumentReference", "cac:Signature", "ram:AdditionalReferencedDocument"];

/// The attributes that are kept.
const KEPT_ATTRIBUTES: &[&str] = &["schemeID", "currencyID", "format", "listID"];

/// An element with its canonical prefix.
#[derive(Debug, Default)]
pub(super) struct Element {
    name: String,
    /// Of the root only, for messages.
    namespace: Option<String>,
    attributes: Vec<(&'static str, String)>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// The name with the prefix of this module.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The name without its prefix.
    pub(super) fn local_name(&self) -> &str {
        self.name.split_once(':').map_or(&self.name, |(_, local)| local)
    }

    /// The namespace, where this is a document's root.
    pub(super) fn root_namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The text, without the blanks around it.
    pub(super) fn text(&self) -> &str {
        self.text.trim()
    }

    /// An attribute's value, if it has one.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(kept, _)| *kept == name);
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// All elements at a path such as `cac:Party/cbc:Name`, in document order.
    pub(super) fn all<'a>(&'a self, path: &str) -> Vec<&'a Self> {
        path.split('/').fold(vec![self], |elements, step| {
            elements
                .into_iter()
                .flat_map(|element| element.children.iter().filter(|child| child.name == step))
                .collect()
        })
    }

    /// The first element at a path that has a text.
    pub(super) fn first(&self, path: &str) -> Option<&Self> {
        self.all(path).into_iter().find(|element| !element.text().is_empty())
    }

    /// The text of the first element at a path that has one.
    pub(super) fn first_text(&self, path: &str) -> Option<&str> {
        self.first(path).map(Self::text)
    }
}

/// Whether a file starts with the byte order mark of UTF-16.
pub(super) fn has_utf16_mark(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Takes the byte order mark off and checks the encoding.
pub(super) fn text_of(bytes: &[u8]) -> Result<&str, ReadError> {
    if bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(ReadError::TooLarge);
    }
    if has_utf16_mark(bytes) {
        return Err(ReadError::Encoding("UTF-16".to_owned()));
    }
    let content = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    str::from_utf8(content)
        .map_err(|_| ReadError::Encoding("an encoding other than UTF-8".to_owned()))
}

/// Reads a document.
pub(super) fn parse(bytes: &[u8]) -> Result<Element, ReadError> {
    let text = text_of(bytes)?;
    if text.trim().is_empty() {
        return Err(ReadError::Empty);
    }
    let mut reader = NsReader::from_str(text.trim_start());
    reader.config_mut().expand_empty_elements = true;
    let mut tree = Tree::default();
    loop {
        let offset = reader.buffer_position();
        let fail = |fault| ReadError::Xml { fault, offset };
        let (namespace, event) =
            reader.read_resolved_event().map_err(|error| fail(fault_of(&error)))?;
        let step = match event {
            Event::Start(start) => match &namespace {
                ResolveResult::Bound(namespace) => tree.open(Some(namespace.0), &start),
                ResolveResult::Unbound => tree.open(None, &start),
                ResolveResult::Unknown(_) => Err(XmlFault::Prefix),
            },
            Event::End(_) => tree.close(),
            Event::Text(text) => tree.text(&text),
            Event::CData(text) => tree.text(&text),
            Event::GeneralRef(reference) => resolve(&reference).and_then(|c| {
                let mut buffer = [0; 4];
                tree.text(c.encode_utf8(&mut buffer))
            }),
            Event::Decl(declaration) => match declaration.encoding() {
                Some(Ok(name)) if !is_utf8(&name) => {
                    return Err(ReadError::Encoding(super::error::quoted(&name)));
                }
                Some(Err(_)) => Err(XmlFault::Malformed),
                Some(Ok(_)) | None => Ok(()),
            },
            Event::DocType(_) => Err(XmlFault::Doctype),
            Event::Empty(_) | Event::Comment(_) | Event::PI(_) => Ok(()),
            Event::Eof => return tree.finish().map_err(fail),
        };
        step.map_err(fail)?;
    }
}

fn is_utf8(name: &str) -> bool {
    ["utf-8", "utf8", "us-ascii", "ascii"].iter().any(|known| name.eq_ignore_ascii_case(known))
}

fn fault_of(error: &quick_xml::Error) -> XmlFault {
    match error {
        quick_xml::Error::Namespace(_) => XmlFault::Prefix,
        quick_xml::Error::Escape(_) => XmlFault::Entity,
        quick_xml::Error::Io(_)
        | quick_xml::Error::Syntax(_)
        | quick_xml::Error::IllFormed(_)
        | quick_xml::Error::InvalidAttr(_)
        | quick_xml::Error::Encoding(_) => XmlFault::Malformed,
    }
}

/// The character of `&lt;`, `&#233;` and the like; never an entity that a document defines.
fn resolve(reference: &BytesRef<'_>) -> Result<char, XmlFault> {
    let character = match &**reference {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => reference
            .resolve_char_ref()
            .map_err(|_| XmlFault::Character)?
            .ok_or(XmlFault::Entity)?,
    };
    if is_xml_character(character) { Ok(character) } else { Err(XmlFault::Character) }
}

/// XML 1.0, production 2.
fn is_xml_character(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

/// The tree while it grows.
#[derive(Default)]
struct Tree {
    /// The open elements that are kept, root first.
    open: Vec<Element>,
    /// How many elements are open inside one that is left out.
    skipped: usize,
    elements: usize,
    root: Option<Element>,
}

impl Tree {
    fn open(&mut self, namespace: Option<&str>, start: &BytesStart<'_>) -> Result<(), XmlFault> {
        self.elements = self.elements.saturating_add(1);
        if self.elements > ELEMENTS_MAX {
            return Err(XmlFault::Elements);
        }
        if self.open.len().saturating_add(self.skipped) >= DEPTH_MAX {
            return Err(XmlFault::Depth);
        }
        if self.root.is_some() {
            return Err(XmlFault::Stray);
        }
        let attributes = attributes(start)?;
        let prefix = NAMESPACES.iter().find(|(uri, _)| namespace == Some(*uri));
        let local = start.local_name().into_inner();
        let is_root = self.open.is_empty();
        let name = match prefix {
            Some((_, prefix)) => format!("{prefix}:{local}"),
            None if is_root => local.to_owned(),
            None => String::new(),
        };
        if self.skipped > 0 || name.is_empty() || LEFT_OUT.contains(&name.as_str()) {
            self.skipped = self.skipped.saturating_add(1);
            return Ok(());
        }
        let namespace = namespace.filter(|_| is_root).map(str::to_owned);
        self.open.push(Element { name, namespace, attributes, ..Element::default() });
        Ok(())
    }

    fn close(&mut self) -> Result<(), XmlFault> {
        if self.skipped > 0 {
            self.skipped = self.skipped.saturating_sub(1);
            return Ok(());
        }
        let element = self.open.pop().ok_or(XmlFault::Malformed)?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XmlFault> {
        if !text.chars().all(is_xml_character) {
            return Err(XmlFault::Character);
        }
        if self.skipped > 0 {
            return Ok(());
        }
        let Some(element) = self.open.last_mut() else {
            return if text.trim().is_empty() { Ok(()) } else { Err(XmlFault::Stray) };
        };
        let room = TEXT_BYTES_MAX.saturating_sub(element.text.len());
        let kept = text.floor_char_boundary(room);
        element.text.push_str(text.get(..kept).unwrap_or_default());
        Ok(())
    }

    fn finish(self) -> Result<Element, XmlFault> {
        if self.skipped > 0 || !self.open.is_empty() {
            return Err(XmlFault::Truncated);
        }
        self.root.ok_or(XmlFault::Truncated)
    }
}

/// The attributes that are kept; the others are checked all the same.
fn attributes(start: &BytesStart<'_>) -> Result<Vec<(&'static str, String)>, XmlFault> {
    let mut kept = Vec::new();
    for (index, attribute) in start.attributes().enumerate() {
        if index >= ATTRIBUTES_MAX {
            return Err(XmlFault::Attributes);
        }
        let attribute = attribute.map_err(|_| XmlFault::Malformed)?;
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .map_err(|error| fault_of(&error))?;
        if !value.chars().all(is_xml_character) {
            return Err(XmlFault::Character);
        }
        if let Some(name) = KEPT_ATTRIBUTES.iter().find(|name| **name == attribute.key.0) {
            let cut = value.floor_char_boundary(TEXT_BYTES_MAX);
            kept.push((*name, value.get(..cut).unwrap_or_default().to_owned()));
        }
    }
    Ok(kept)
}

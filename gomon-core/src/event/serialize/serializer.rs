//! serde's side of a [`Reader`].

use std::borrow::Cow;

use serde::ser::{self, Serialize};

use super::{LONGEST_CHARACTER, Level, Open, Reader, Stop};
use crate::event::limits::Limit;
use crate::event::value::Tree;

/// `serialize_i8(value: i8)` and so on: what a tree holds as it is.
macro_rules! scalars {
    ($($name:ident $from:ty),* $(,)?) => { $(
        fn $name(self, value: $from) -> Result<(), Stop> {
            self.put(value.into())
        }
    )* };
}

impl<'a> ser::Serializer for &'a mut Reader {
    type Ok = ();
    type Error = Stop;
    type SerializeSeq = Level<'a>;
    type SerializeTuple = Level<'a>;
    type SerializeTupleStruct = Level<'a>;
    type SerializeTupleVariant = Level<'a>;
    type SerializeMap = Keyed<'a>;
    type SerializeStruct = Level<'a>;
    type SerializeStructVariant = Level<'a>;

    scalars! {
        serialize_bool bool,
        serialize_i8 i8, serialize_i16 i16, serialize_i32 i32, serialize_i64 i64,
        serialize_u8 u8, serialize_u16 u16, serialize_u32 u32, serialize_u64 u64,
        serialize_f32 f32, serialize_f64 f64,
    }

    fn serialize_i128(self, value: i128) -> Result<(), Stop> {
        let tree = i64::try_from(value).map_or_else(|_| value.to_string().into(), Tree::I64);
        self.put(tree)
    }

    fn serialize_u128(self, value: u128) -> Result<(), Stop> {
        let tree = u64::try_from(value).map_or_else(|_| value.to_string().into(), Tree::U64);
        self.put(tree)
    }

    fn serialize_char(self, value: char) -> Result<(), Stop> {
        self.text(value.encode_utf8(&mut [0; LONGEST_CHARACTER]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Stop> {
        self.text(value)
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Stop> {
        let kept = value
            .get(..=self.limits.of(Limit::StringBytes))
            .unwrap_or(value);
        self.spend(kept.len())?;
        self.put(Tree::Bytes(kept.to_vec()))
    }

    fn serialize_none(self) -> Result<(), Stop> {
        self.put(Tree::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Stop> {
        self.put(Tree::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Stop> {
        self.put(Tree::Null)
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), Stop> {
        self.put(Tree::Str(Cow::Borrowed(variant)))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Stop> {
        let mut level = self.open(Open::Map(Vec::new(), Cow::Borrowed("")));
        level.entry(Cow::Borrowed(variant), value)?;
        level.close()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Level<'a>, Stop> {
        Ok(self.open(Open::List(Vec::new())))
    }

    fn serialize_tuple(self, _: usize) -> Result<Level<'a>, Stop> {
        Ok(self.open(Open::List(Vec::new())))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Level<'a>, Stop> {
        Ok(self.open(Open::List(Vec::new())))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Level<'a>, Stop> {
        Ok(self.open_variant(variant, Open::List(Vec::new())))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Keyed<'a>, Stop> {
        let level = self.open(Open::Map(Vec::new(), Cow::Borrowed("")));
        let next = Cow::Borrowed("");
        Ok(Keyed { level, next })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Level<'a>, Stop> {
        Ok(self.open(Open::Map(Vec::new(), Cow::Borrowed(""))))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Level<'a>, Stop> {
        let inner = Open::Map(Vec::new(), Cow::Borrowed(""));
        Ok(self.open_variant(variant, inner))
    }
}

/// A map whose keys come apart from their values.
pub(super) struct Keyed<'a> {
    level: Level<'a>,
    next: Cow<'static, str>,
}

impl ser::SerializeMap for Keyed<'_> {
    type Ok = ();
    type Error = Stop;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Stop> {
        self.next = text_of(key)?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
        let key = std::mem::take(&mut self.next);
        self.level.entry(key, value)
    }

    fn end(self) -> Result<(), Stop> {
        self.level.close()
    }
}

/// A map's key: text, or what JSON writes as text.
fn text_of(key: &(impl Serialize + ?Sized)) -> Result<Cow<'static, str>, Stop> {
    let mut reader = Reader::default();
    key.serialize(&mut reader)?;
    match reader.finish() {
        Tree::Str(text) => Ok(text),
        Tree::Bool(value) => Ok(value.to_string().into()),
        Tree::I64(value) => Ok(value.to_string().into()),
        Tree::U64(value) => Ok(value.to_string().into()),
        _ => Err(Stop::Because("key must be a string".to_owned())),
    }
}

/// The traits of lists, which differ in the name of their one function.
macro_rules! lists {
    ($($list:ident $item:ident),* $(,)?) => { $(
        impl ser::$list for Level<'_> {
            type Ok = ();
            type Error = Stop;

            fn $item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Stop> {
                self.item(value)
            }

            fn end(self) -> Result<(), Stop> {
                self.close()
            }
        }
    )* };
}

/// The traits of structs.
macro_rules! structs {
    ($($struct:ident),* $(,)?) => { $(
        impl ser::$struct for Level<'_> {
            type Ok = ();
            type Error = Stop;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), Stop> {
                self.entry(Cow::Borrowed(key), value)
            }

            fn end(self) -> Result<(), Stop> {
                self.close()
            }
        }
    )* };
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

structs! {
    SerializeStruct,
    SerializeStructVariant,
}

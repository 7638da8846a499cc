//! The functions of the language (contract 3.6).

use super::comparison::Plan;
use super::{Compiler, Frame, Joins, Scalar, Side};
use crate::query::ast::{Call, Operand};
use crate::query::error::{QueryError, Result};
use crate::query::value::Affinity;
use crate::store::Value;

/// Mean radius of the Earth in kilometres.
const EARTH_RADIUS_KM: &str = "6371.0";
const MAX_STRFTIME_ARGUMENTS: usize = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    GeoDistance,
    Strftime,
}

impl Function {
    /// True where a path that fans out counts as any-of even under a plain operator.
    pub fn any_only(self) -> bool {
        self == Function::GeoDistance
    }
}

impl Compiler<'_> {
    pub(super) fn plan_call(&mut self, frame: &Frame, call: &Call) -> Result<Plan> {
        let name = match call.name.as_str() {
            "geoDistance" => Function::GeoDistance,
            "strftime" => Function::Strftime,
            other => {
                return Err(QueryError::at(
                    call.position,
                    format!("there is no function {other:?}: use geoDistance or strftime"),
                ));
            }
        };
        check(name, call)?;
        // A text that stands for the present time may come from a field, too.
        self.reads.volatile |= name == Function::Strftime;
        let arguments = call.arguments.iter().map(|argument| self.plan(frame, argument)).collect::<Result<_>>()?;
        Ok(Plan::Call { name, arguments })
    }

    pub(super) fn call(
        &mut self,
        frame: &Frame,
        joins: &mut Joins,
        name: Function,
        arguments: &[Plan],
        side: &str,
    ) -> Result<Side> {
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let argument = self.side(frame, joins, argument, side)?;
            texts.push(self.text(argument));
        }
        let text = match name {
            Function::GeoDistance => geo_distance(&texts),
            Function::Strftime => format!("strftime({})", texts.join(", ")),
        };
        let strict = name == Function::GeoDistance;
        Ok(Side::Sql(Scalar { strict, ..Scalar::of(text, Affinity::None) }))
    }
}

fn check(name: Function, call: &Call) -> Result<()> {
    let refuse = |reason: &str| Err(QueryError::at(call.position, reason));
    match name {
        Function::GeoDistance => {
            let fits = |argument: &Operand| matches!(argument, Operand::Path(..) | Operand::Number(_));
            if call.arguments.len() != 4 || !call.arguments.iter().all(fits) {
                return refuse("geoDistance takes four fields or numbers: lonA, latA, lonB, latB");
            }
        }
        Function::Strftime => {
            let text = |argument: &Operand| matches!(argument, Operand::Text(_));
            let time =
                |argument: &Operand| matches!(argument, Operand::Text(_) | Operand::Path(..) | Operand::Number(_));
            let fits = match call.arguments.as_slice() {
                [format] => text(format),
                [format, at, modifiers @ ..] => text(format) && time(at) && modifiers.iter().all(text),
                [] => false,
            };
            if !fits || call.arguments.len() > MAX_STRFTIME_ARGUMENTS {
                return refuse("strftime takes a format text, then a time, then modifier texts, ten at most");
            }
        }
    }
    Ok(())
}

/// The great-circle distance in kilometres; the cosine is kept within its range against rounding.
fn geo_distance(arguments: &[String]) -> String {
    let [lon_a, lat_a, lon_b, lat_b] = arguments else { return Value::Null.as_str().to_owned() };
    format!(
        "({EARTH_RADIUS_KM} * acos(max(-1.0, min(1.0, cos(radians({lat_a})) * cos(radians({lat_b})) * \
         cos(radians({lon_b}) - radians({lon_a})) + sin(radians({lat_a})) * sin(radians({lat_b}))))))"
    )
}

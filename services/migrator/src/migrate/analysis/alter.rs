//! `ALTER TABLE`: one lock a statement in PostgreSQL, the strongest that one of its parts needs; and what each part destroys.

use sqlparser::ast::{
    AlterColumnOperation, AlterTable, AlterTableOperation as Part, LockTableMode, TableConstraint,
};

use super::Found;
use super::statement::{referenced, referenced_by_column};

/// Fills `found`, or answers false: a part of it is not understood.
pub(super) fn look(table: &AlterTable, found: &mut Found) -> bool {
    let name = table.name.to_string();
    table.operations.iter().all(|part| {
        found.lock(&name, lock(part));
        match part {
            Part::AddConstraint { constraint, .. } => referenced(constraint, found),
            Part::AddColumn { column_def, .. } => referenced_by_column(column_def, found),
            Part::AlterColumn { column_name, op } => {
                let column = format!("{name}.{column_name}");
                found.destroys.extend(by_column(&column, op));
            }
            part => match destroyed(&name, part) {
                Some(destroyed) => found.destroys.extend(destroyed),
                None => return false,
            },
        }
        true
    })
}

fn lock(part: &Part) -> LockTableMode {
    match part {
        Part::ValidateConstraint { .. } | Part::SetOptionsParens { .. } => {
            LockTableMode::ShareUpdateExclusive
        }
        Part::AddConstraint { constraint: TableConstraint::ForeignKey(_), .. }
        | Part::EnableTrigger { .. }
        | Part::EnableAlwaysTrigger { .. }
        | Part::EnableReplicaTrigger { .. }
        | Part::DisableTrigger { .. } => LockTableMode::ShareRowExclusive,
        _ => LockTableMode::AccessExclusive,
    }
}

fn by_column(column: &str, op: &AlterColumnOperation) -> Option<String> {
    match op {
        AlterColumnOperation::SetDataType { data_type, .. } => Some(format!(
            "the values of {column} that {data_type} does not hold; the table may be rewritten under the lock"
        )),
        AlterColumnOperation::SetNotNull => {
            Some(format!("the freedom to leave {column} empty; the table may be read through under the lock"))
        }
        AlterColumnOperation::DropDefault => Some(format!("what {column} gets where nobody says it")),
        AlterColumnOperation::DropNotNull
        | AlterColumnOperation::SetDefault { .. }
        | AlterColumnOperation::AddGenerated { .. } => None,
    }
}

/// None: not understood. An empty list: it destroys nothing.
fn destroyed(table: &str, part: &Part) -> Option<Vec<String>> {
    let one = |what: String| Some(vec![what]);
    match part {
        Part::ValidateConstraint { .. }
        | Part::SetOptionsParens { .. }
        | Part::EnableTrigger { .. }
        | Part::EnableAlwaysTrigger { .. }
        | Part::ReplicaIdentity { .. }
        | Part::RenameConstraint { .. }
        | Part::SetLogged => Some(Vec::new()),
        Part::DropColumn { column_names, .. } => Some(
            column_names.iter().map(|column| format!("column {table}.{column} with its values")).collect(),
        ),
        Part::DropConstraint { name, .. } => one(format!("constraint {name} of {table}, and what it guards")),
        Part::RenameColumn { old_column_name, .. } => {
            one(format!("the name {table}.{old_column_name}, which older applications use"))
        }
        Part::RenameTable { .. } => one(format!("the name {table}, which older applications use")),
        Part::DisableTrigger { name } | Part::EnableReplicaTrigger { name } => {
            one(format!("what trigger {name} of {table} guards"))
        }
        Part::DisableRowLevelSecurity | Part::NoForceRowLevelSecurity => {
            one(format!("what the policies of {table} guard"))
        }
        Part::EnableRowLevelSecurity | Part::ForceRowLevelSecurity => {
            one(format!("the sight of rows of {table} that no policy shows"))
        }
        Part::SetUnlogged => one(format!("the rows of {table} at the next crash")),
        Part::OwnerTo { .. } => one(format!("the rights of the owner of {table}")),
        _ => None,
    }
}

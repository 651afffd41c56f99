//! Every statement but `ALTER TABLE`: the lock that it takes by PostgreSQL's documentation ("Explicit Locking"), and what it
//! destroys. A kind that is not listed here is not understood.

use sqlparser::ast::{AlterTypeOperation, CascadeOption};
use sqlparser::ast::{
    ColumnDef, ColumnOption, CommentObject, CreateTable, Delete, FromTable, Insert, LockTableMode,
    ObjectName, ObjectType, OnConflictAction, OnInsert, Query, SetExpr, Statement, TableConstraint,
    TableObject, Truncate, Update,
};
use sqlparser::tokenizer::Token;

use super::{Found, alter};
use crate::migrate::files::statements::SourceStatement;

/// Fills `found`, or answers false: not understood.
pub(super) fn look(statement: &Statement, source: &SourceStatement<'_>, found: &mut Found) -> bool {
    match statement {
        Statement::CreateTable(table) => create_table(table, found),
        Statement::CreateIndex(index) => {
            let weaker =
                if index.concurrently { LockTableMode::ShareUpdateExclusive } else { LockTableMode::Share };
            found.lock(&index.table_name, weaker);
        }
        Statement::CreateFunction(function) if function.or_replace => {
            found.destroys(format!("what function {} did until now", function.name));
        }
        Statement::CreateView(view) if view.or_replace => {
            found.lock(&view.name, LockTableMode::AccessExclusive);
            found.destroys(format!("what view {} showed until now", view.name));
        }
        Statement::CreateTrigger(trigger) => {
            found.lock(&trigger.table_name, LockTableMode::ShareRowExclusive);
            if trigger.or_replace {
                found.destroys(format!("what trigger {} did until now", trigger.name));
            }
        }
        Statement::AlterTable(table) => return alter::look(table, found),
        Statement::AlterType(kind) => match &kind.operation {
            AlterTypeOperation::AddValue(_) => {}
            operation => found.destroys(format!("a name that applications use: {}{operation}", kind.name)),
        },
        Statement::Comment { object_type: CommentObject::Table, object_name, .. } => {
            found.lock(object_name, LockTableMode::ShareUpdateExclusive);
        }
        Statement::CreateFunction(_)
        | Statement::CreateView(_)
        | Statement::CreateType { .. }
        | Statement::CreateDomain(_)
        | Statement::CreateSequence { .. }
        | Statement::CreateExtension(_)
        | Statement::CreateCollation(_)
        | Statement::CreateSchema { .. }
        | Statement::AlterIndex { .. }
        | Statement::Comment { .. } => {}
        Statement::Analyze(analyze) => {
            if let Some(table) = &analyze.table_name {
                found.lock(table, LockTableMode::ShareUpdateExclusive);
            }
        }
        Statement::Lock(lock) => {
            let mode = lock.lock_mode.clone().unwrap_or(LockTableMode::AccessExclusive);
            lock.tables.iter().for_each(|table| found.lock(&table.name, mode.clone()));
        }
        Statement::Insert(insert) => return insert_into(insert, found),
        Statement::Update(update) => update_rows(update, found),
        Statement::Delete(delete) => delete_rows(delete, found),
        Statement::Truncate(truncate) => truncate_tables(truncate, found),
        Statement::Query(query) => return only_reads(query) && !calls_something(source),
        _ => return drop_something(statement, found),
    }
    true
}

fn create_table(table: &CreateTable, found: &mut Found) {
    if table.or_replace {
        found.destroys(format!("table {} as it was", table.name));
    }
    for parent in table.inherits.iter().flatten().chain(&table.partition_of) {
        found.lock(parent, LockTableMode::AccessExclusive);
    }
    table.constraints.iter().for_each(|constraint| referenced(constraint, found));
    table.columns.iter().for_each(|column| referenced_by_column(column, found));
}

/// A foreign key keeps the other table from being changed while it is made.
pub(super) fn referenced(constraint: &TableConstraint, found: &mut Found) {
    if let TableConstraint::ForeignKey(key) = constraint {
        found.lock(&key.foreign_table, LockTableMode::ShareRowExclusive);
    }
}

pub(super) fn referenced_by_column(column: &ColumnDef, found: &mut Found) {
    for option in &column.options {
        if let ColumnOption::ForeignKey(key) = &option.option {
            found.lock(&key.foreign_table, LockTableMode::ShareRowExclusive);
        }
    }
}

fn insert_into(insert: &Insert, found: &mut Found) -> bool {
    let TableObject::TableName(table) = &insert.table else { return false };
    found.lock(table, LockTableMode::RowExclusive);
    if let Some(OnInsert::OnConflict(conflict)) = &insert.on
        && matches!(conflict.action, OnConflictAction::DoUpdate(_))
    {
        found.destroys(format!("what rows of {table} held that are met by ON CONFLICT"));
    }
    insert.source.as_deref().is_none_or(only_reads)
}

fn update_rows(update: &Update, found: &mut Found) {
    let table = update.table.relation.to_string();
    found.lock(&table, LockTableMode::RowExclusive);
    let columns: Vec<String> =
        update.assignments.iter().map(|assignment| assignment.target.to_string()).collect();
    let which = if update.selection.is_some() { "the rows that match" } else { "every row" };
    found.destroys(format!("what {which} of {table} held in {}", columns.join(", ")));
}

fn delete_rows(delete: &Delete, found: &mut Found) {
    let (FromTable::WithFromKeyword(tables) | FromTable::WithoutKeyword(tables)) = &delete.from;
    let which = if delete.selection.is_some() { "the rows that match" } else { "every row" };
    for table in tables {
        let table = table.relation.to_string();
        found.lock(&table, LockTableMode::RowExclusive);
        found.destroys(format!("{which} of {table}"));
    }
}

fn truncate_tables(truncate: &Truncate, found: &mut Found) {
    let further = match truncate.cascade {
        Some(CascadeOption::Cascade) => ", and of every table that refers to it",
        _ => "",
    };
    for table in &truncate.table_names {
        found.lock(&table.name, LockTableMode::AccessExclusive);
        found.destroys(format!("every row of {}{further}", table.name));
    }
}

fn drop_something(statement: &Statement, found: &mut Found) -> bool {
    match statement {
        Statement::Drop { object_type, names, cascade, .. } => {
            let further = if *cascade { ", and whatever depends on it" } else { "" };
            for name in names {
                if let Some(mode) = lock_of_drop(*object_type, found.concurrently) {
                    found.lock(name, mode);
                }
                let kind = object_type.to_string().to_lowercase();
                let rows = if matches!(object_type, ObjectType::Table) { " with its rows" } else { "" };
                found.destroys(format!("{kind} {name}{rows}{further}"));
            }
        }
        Statement::DropTrigger(trigger) => {
            let table: Option<&ObjectName> = trigger.table_name.as_ref();
            if let Some(table) = table {
                found.lock(table, LockTableMode::AccessExclusive);
            }
            found.destroys(format!("trigger {}, and what it guards", trigger.trigger_name));
        }
        Statement::DropFunction(_)
        | Statement::DropProcedure { .. }
        | Statement::DropDomain(_)
        | Statement::DropPolicy(_)
        | Statement::DropExtension(_) => {
            found.destroys(statement.to_string().trim_start_matches("DROP ").to_owned());
        }
        _ => return false,
    }
    true
}

fn lock_of_drop(kind: ObjectType, concurrently: bool) -> Option<LockTableMode> {
    match kind {
        ObjectType::Index if concurrently => Some(LockTableMode::ShareUpdateExclusive),
        ObjectType::Table
        | ObjectType::Index
        | ObjectType::View
        | ObjectType::MaterializedView
        | ObjectType::Sequence => Some(LockTableMode::AccessExclusive),
        _ => None,
    }
}

/// PostgreSQL takes statements that change rows in the outermost WITH only.
fn only_reads(query: &Query) -> bool {
    let reads = |body: &SetExpr| {
        !matches!(body, SetExpr::Insert(_) | SetExpr::Update(_) | SetExpr::Delete(_) | SetExpr::Merge(_))
    };
    let with = query.with.iter().flat_map(|with| &with.cte_tables);
    reads(&query.body) && with.into_iter().all(|table| reads(&table.query.body))
}

/// A word and an opening parenthesis: a function, or something that looks like one.
fn calls_something(source: &SourceStatement<'_>) -> bool {
    let mut tokens =
        source.tokens.iter().map(|token| &token.token).filter(|it| !matches!(it, Token::Whitespace(_)));
    let mut before = tokens.next();
    tokens.any(|token| {
        let calls = matches!((before, token), (Some(Token::Word(_)), Token::LParen));
        before = Some(token);
        calls
    })
}

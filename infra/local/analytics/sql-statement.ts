// Classifies the statement of a request, in the form in which ClickHouse itself formats it: rows to
// insert, a query with a result, or a command. The engine's grants decide what is allowed
// (engine-access.ts). This file refuses only clauses that access files and that no grant covers.
import { keyword, sqlTokens } from './sql-token.ts'
import type { SqlToken } from './sql-token.ts'

/** The kind of a statement, with the parts that running it needs. */
export type Statement =
  /** An INSERT whose rows follow it, after the statement or in the request body. */
  | { kind: 'insert-rows'; sql: string; format: string }
  /** An INSERT … SELECT from the table function input; its rows follow as for insert-rows. */
  | {
      kind: 'insert-input'
      /** The statement before and after `input(…)`, without its FORMAT clause. */
      before: string
      /** The literal between the parentheses: names and types of the columns. */
      structure: string
      after: string
      format: string
    }
  /** A query with a result of rows, possibly large. */
  | { kind: 'select'; body: string; format: string | undefined; tail: string }
  /** Everything else: DDL, SET, SHOW, INSERT … SELECT. */
  | { kind: 'command'; sql: string; verb: string; format: string | undefined }
  /** A clause that the engine runs with the rights of its process, whatever the grants say. */
  | { kind: 'refused'; clause: string }

/**
 * Classifies one statement.
 *
 * @param sql The statement as formatQuerySingleLine formats it, without rows.
 */
export function readStatement(sql: string): Statement {
  const tokens = sqlTokens(sql)
  const clause = ungrantedClause(tokens)
  if (clause !== undefined) return { kind: 'refused', clause }
  return readAllowed(sql, tokens)
}

/** Clauses that access files and that no grant covers; `disk(…)` creates a folder anywhere. */
const ungranted = ['INTO OUTFILE', 'FROM INFILE', 'DISK (']

function ungrantedClause(tokens: readonly SqlToken[]): string | undefined {
  const pairs = tokens.map((token, at) => {
    const next = tokens[at + 1]
    return `${keyword(token)} ${next?.text === '(' ? '(' : keyword(next)}`
  })
  return ungranted.find((clause) => pairs.includes(clause))
}

function readAllowed(sql: string, tokens: readonly SqlToken[]): Statement {
  const verb = keyword(tokens[0])
  const formatAt = tokens.findIndex((token, at) => isFormatClause(tokens, token, at))
  const name = tokens[formatAt + 1]
  const clause = formatAt < 0 || name === undefined ? undefined : { at: formatAt, name }
  if (verb === 'INSERT' && clause !== undefined) return readInsert(sql, tokens, clause)
  if (!/^(SELECT|WITH|FROM)$/.test(verb) && tokens[0]?.text !== '(') {
    return { kind: 'command', sql, verb, format: formatName(clause) }
  }
  const bodyEnd = clause === undefined ? sql.length : tokens[clause.at]!.start
  const tail = clause === undefined ? '' : sql.slice(clause.name.end).trim()
  return { kind: 'select', body: sql.slice(0, bodyEnd).trim(), format: formatName(clause), tail }
}

/** The statement that writes a SELECT's result to a file, in the requested format. */
export function selectIntoFile(
  statement: Extract<Statement, { kind: 'select' }>,
  target: { file: string; defaultFormat: string },
): string {
  const format = statement.format ?? target.defaultFormat
  const outfile = `INTO OUTFILE ${sqlString(target.file)} TRUNCATE`
  return `${statement.body} ${outfile} FORMAT ${format} ${statement.tail}`
}

/** A single-quoted SQL string. */
export function sqlString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')
  return `'${escaped}'`
}

type FormatClause = { at: number; name: SqlToken }

/** The name of a format; a name that is also a keyword is quoted. */
function formatName(clause: FormatClause): string
function formatName(clause: FormatClause | undefined): string | undefined
function formatName(clause: FormatClause | undefined): string | undefined {
  return clause?.name.text.replaceAll('`', '')
}

function readInsert(sql: string, tokens: readonly SqlToken[], clause: FormatClause): Statement {
  const format = formatName(clause)
  const inputAt = tokens.findIndex(
    (token, at) => keyword(token) === 'INPUT' && tokens[at + 1]?.text === '(',
  )
  const selects = tokens.some((token) => keyword(token) === 'SELECT')
  if (!selects || inputAt < 0) return { kind: 'insert-rows', sql, format }
  const call = tokens[inputAt]!
  const structure = tokens[inputAt + 2]
  const end = tokens
    .slice(inputAt)
    .find((token) => token.text === ')' && token.depth === call.depth)
  return {
    kind: 'insert-input',
    before: sql.slice(0, call.start),
    structure: structure?.kind === 'string' ? structure.text : "''",
    after: sql.slice(end?.end ?? call.end, tokens[clause.at]!.start).trimEnd(),
    format,
  }
}

/** `FORMAT name` is a clause only if the statement or its SETTINGS end after it. */
function isFormatClause(tokens: readonly SqlToken[], token: SqlToken, at: number): boolean {
  const [name, next] = tokens.slice(at + 1, at + 3)
  if (keyword(token) !== 'FORMAT' || token.depth > 0) return false
  if (name === undefined || !/^`?\w+`?$/.test(name.text)) return false
  return next === undefined || keyword(next) === 'SETTINGS'
}

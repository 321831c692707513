// Finds the shape of one SQL statement: where an INSERT's clauses end and its rows begin, and where
// a SELECT's FORMAT clause is. It rewrites both to exchange rows through files, which is how the
// embedded engine takes and gives any format, binary ones included, without holding it in memory.
import { sqlTokens } from './sql-token.ts'
import type { SqlToken } from './sql-token.ts'

/** What kind of statement this is, and the parts that a rewrite needs. */
export type Statement =
  /** An INSERT whose rows follow the statement (or come in the request body). */
  | {
      kind: 'insert-rows'
      /** `INSERT INTO t (a, b)`, without SETTINGS and FORMAT. */
      head: string
      /** The text of the SETTINGS clause without its keyword; '' where absent. */
      settings: string
      format: string
      /** The rows that stand behind the statement itself; empty where the body brings them. */
      rows: Buffer
    }
  /** An INSERT … SELECT from the table function input, whose rows follow as for insert-rows. */
  | {
      kind: 'insert-input'
      /** The statement before `input(…)` and behind it, without its FORMAT clause. */
      before: string
      /** The literal between the parentheses. */
      structure: string
      after: string
      format: string
      rows: Buffer
    }
  /** A query with a result of rows, possibly large. */
  | { kind: 'select'; body: string; format: string | undefined; tail: string }
  /** Everything else: DDL, SET, SHOW, INSERT … SELECT. */
  | {
      kind: 'command'
      text: string
      verb: string
      format: string | undefined
      /** Rows that a VALUES list writes; 0 where that cannot be read from the text. */
      valuesRows: number
    }
  /** What the HTTP interface does not run: nothing, several statements, a clause for a terminal. */
  | { kind: 'refused'; reason: 'empty' | 'several' | 'outfile' }

/**
 * Reads the shape of one statement, given as the bytes of `query` plus body.
 *
 * @param bytes The statement, with the rows of an INSERT behind it where they travel together.
 */
export function readStatement(bytes: Buffer): Statement {
  const latin1 = bytes.toString('latin1')
  const first = sqlTokens(latin1).next().value
  if (first === undefined) {
    // An unterminated quote also ends here; the engine words that error best.
    const text = bytes.toString('utf8').trim()
    return text === ''
      ? { kind: 'refused', reason: 'empty' }
      : { kind: 'command', text, verb: '', format: undefined, valuesRows: 0 }
  }
  return keyword(first) === 'INSERT' ? readInsert(bytes, latin1) : readQuery(bytes, latin1)
}

/** The statement that inserts the rows of a file: `INSERT INTO t FROM INFILE … FORMAT f`. */
export function insertFromFile(
  statement: Extract<Statement, { kind: 'insert-rows' }>,
  file: string,
): string {
  const settings = statement.settings === '' ? '' : ` SETTINGS ${statement.settings}`
  return `${statement.head} FROM INFILE ${sqlString(file)}${settings} FORMAT ${statement.format}`
}

/** The statement that reads the rows of `input(…)` from a file instead. */
export function inputFromFile(
  statement: Extract<Statement, { kind: 'insert-input' }>,
  file: string,
): string {
  const { before, structure, after, format } = statement
  return `${before}file(${sqlString(file)}, ${format}, ${structure})${after}`
}

/** The statement that writes a SELECT's result into a file, in the format asked for. */
export function selectIntoFile(
  statement: Extract<Statement, { kind: 'select' }>,
  target: { file: string; defaultFormat: string },
): string {
  const format = statement.format ?? target.defaultFormat
  const outfile = `INTO OUTFILE ${sqlString(target.file)} TRUNCATE`
  // A line break before the clause keeps it out of reach of a trailing comment.
  return `${statement.body}\n${outfile} FORMAT ${format} ${statement.tail}`
}

/** A single-quoted SQL string. */
export function sqlString(text: string): string {
  const escaped = text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')
  return `'${escaped}'`
}

function readInsert(bytes: Buffer, latin1: string): Statement {
  let headEnd = 0
  let settingsStart: number | undefined
  let namePassed = false
  let previous: SqlToken | undefined
  for (const token of sqlTokens(latin1)) {
    // `db.format` is a name, whatever its second part spells.
    const word = token.depth === 0 && previous?.text !== '.' ? keyword(token) : ''
    // The table's own name may be a keyword (`INSERT INTO format …`), so clauses count only after it.
    if (namePassed && word === 'SETTINGS') {
      headEnd = token.start
      settingsStart = token.end
    } else if (namePassed && (word === 'FORMAT' || word === 'VALUES')) {
      const from = settingsStart ?? token.start
      const clause = { headEnd: settingsStart === undefined ? token.start : headEnd, from }
      return insertRows({ bytes, latin1, token, word, ...clause })
    } else if (namePassed && (word === 'SELECT' || word === 'WITH' || word === 'FROM')) {
      return readInput(bytes, latin1) ?? readQuery(bytes, latin1)
    } else if (!namePassed) {
      namePassed = isTargetName(token, previous)
    }
    previous = token
  }
  // `INSERT INTO t` alone: the HTTP interface reads the rows as VALUES.
  const end = previous?.end ?? 0
  const text = bytes.subarray(0, settingsStart === undefined ? end : headEnd).toString('utf8')
  const settings =
    settingsStart === undefined ? '' : bytes.subarray(settingsStart, end).toString('utf8').trim()
  return { kind: 'insert-rows', head: text.trim(), settings, format: 'Values', rows: noRows }
}

const noRows = Buffer.alloc(0)

/** An INSERT … SELECT that reads `input('structure')` and ends with a FORMAT; else undefined. */
function readInput(bytes: Buffer, latin1: string): Statement | undefined {
  let call: { start: number; structure?: SqlToken; end?: number } | undefined
  let previous: SqlToken | undefined
  for (const token of sqlTokens(latin1)) {
    if (call?.end !== undefined && token.depth === 0 && keyword(token) === 'FORMAT') {
      const name = sqlTokens(latin1, token.end).next().value
      if (name === undefined) return undefined
      return {
        kind: 'insert-input',
        before: bytes.subarray(0, call.start).toString('utf8'),
        structure: call.structure?.text ?? "''",
        after: bytes.subarray(call.end, token.start).toString('utf8'),
        format: name.text,
        rows: bytes.subarray(rowsStart(latin1, name.end)),
      }
    }
    const opensCall = token.text === '(' && previous !== undefined && keyword(previous) === 'INPUT'
    if (call === undefined && opensCall) call = { start: previous!.start }
    else if (call !== undefined && call.end === undefined) {
      if (token.kind === 'string') call.structure = token
      if (token.text === ')') call.end = token.end
    }
    previous = token
  }
  return undefined
}

/** True at the last word that can only be part of the target: the name behind INTO [TABLE]. */
function isTargetName(token: SqlToken, previous: SqlToken | undefined): boolean {
  const before = previous === undefined ? '' : keyword(previous)
  const afterInto = before === 'INTO' || before === 'TABLE' || before === 'INSERT'
  if (!afterInto) return token.text === '}'
  const isIntroduction = /^(INTO|TABLE|FUNCTION)$/.test(keyword(token))
  return (!isIntroduction && token.text !== '{') || keyword(token) === 'FUNCTION'
}

function insertRows(at: {
  bytes: Buffer
  latin1: string
  token: SqlToken
  word: string
  headEnd: number
  from: number
}): Statement {
  const { bytes, latin1, token } = at
  const head = bytes.subarray(0, at.headEnd).toString('utf8').trim()
  const settings =
    at.from === token.start ? '' : bytes.subarray(at.from, token.start).toString('utf8').trim()
  if (at.word === 'VALUES') {
    const rows = bytes.subarray(token.end)
    // A VALUES list in the text may use query parameters and expressions: the engine parses it.
    if (rows.toString('latin1').trim() !== '') return readQuery(bytes, latin1)
    return { kind: 'insert-rows', head, settings, format: 'Values', rows: noRows }
  }
  const name = sqlTokens(latin1, token.end).next().value
  if (name === undefined) return readQuery(bytes, latin1)
  const rows = bytes.subarray(rowsStart(latin1, name.end))
  return { kind: 'insert-rows', head, settings, format: name.text, rows }
}

/** Rows start behind the first line break after the format's name, or behind the blanks. */
function rowsStart(latin1: string, formatEnd: number): number {
  const gap = /[ \t\f]*;?[ \t\f]*\r?\n?/y
  gap.lastIndex = formatEnd
  gap.test(latin1)
  return gap.lastIndex
}

function readQuery(bytes: Buffer, latin1: string): Statement {
  const tokens = [...sqlTokens(latin1)].filter((token) => token.depth === 0)
  const semicolon = tokens.findIndex((token) => token.text === ';')
  const own = semicolon < 0 ? tokens : tokens.slice(0, semicolon)
  const extra = semicolon < 0 ? [] : tokens.slice(semicolon).filter((token) => token.text !== ';')
  const verb = own[0] === undefined ? '' : keyword(own[0])
  if (extra.length > 0) return { kind: 'refused', reason: 'several' }
  if (own[0] === undefined) return { kind: 'refused', reason: 'empty' }
  if (verb === 'INSERT') return insertCommand(bytes, latin1, own)
  if (own.some((token, i) => keyword(token) === 'OUTFILE' && before(own, i) === 'INTO')) {
    return { kind: 'refused', reason: 'outfile' }
  }
  const end = own.at(-1)?.end ?? 0
  const formatAt = own.findIndex((token, i) => isFormatClause(own, token, i))
  const format = formatAt < 0 ? undefined : own[formatAt + 1]
  if (!/^(SELECT|WITH|FROM|\()$/.test(verb)) {
    const text = bytes.subarray(0, end).toString('utf8')
    return { kind: 'command', text, verb, format: format?.text, valuesRows: 0 }
  }
  const bodyEnd = own[formatAt]?.start ?? end
  const body = bytes.subarray(0, bodyEnd).toString('utf8').trim()
  const tail = bytes
    .subarray(format?.end ?? end, end)
    .toString('utf8')
    .trim()
  return { kind: 'select', body, format: format?.text, tail }
}

/** `FORMAT name` counts as the clause only where the statement or its SETTINGS end behind it. */
function isFormatClause(tokens: readonly SqlToken[], token: SqlToken, i: number): boolean {
  if (keyword(token) !== 'FORMAT' || tokens[i + 1]?.kind !== 'word') return false
  const next = tokens[i + 2]
  return next === undefined || keyword(next) === 'SETTINGS'
}

function insertCommand(bytes: Buffer, latin1: string, own: readonly SqlToken[]): Statement {
  const values = own.findIndex((token) => keyword(token) === 'VALUES')
  const isRows = values >= 0 && !own.some((token) => keyword(token) === 'SELECT')
  const valuesRows = isRows ? own.slice(values).filter((token) => token.text === '(').length : 0
  const end = own.at(-1)?.end ?? latin1.length
  const text = bytes.subarray(0, end).toString('utf8')
  return { kind: 'command', text, verb: 'INSERT', format: undefined, valuesRows }
}

function before(tokens: readonly SqlToken[], i: number): string {
  const token = tokens[i - 1]
  return token === undefined ? '' : keyword(token)
}

function keyword(token: SqlToken): string {
  return token.kind === 'quoted' || token.kind === 'string' ? '' : token.text.toUpperCase()
}

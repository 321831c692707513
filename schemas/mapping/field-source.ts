// Where a field of an event comes from: one path into a decoded record, or a template with several
// (`{title}\n\n{body}`). It reads text, numbers and booleans as text; it does not know what the
// field is for.
import type { DecodedRecord } from '../ports/record-decoder.ts'
import { parsePath, valueAtPath, type FieldPath } from './field-path.ts'

/** A parsed source: text and paths in turn. A path alone is one part. */
export type FieldSource = {
  readonly parts: readonly (string | FieldPath)[]
}

export type ParsedSource =
  | { readonly kind: 'ok'; readonly source: FieldSource }
  | { readonly kind: 'rejected'; readonly problem: string }

/** What a source gives for one record. */
export type SourceText =
  | { readonly kind: 'text'; readonly text: string }
  /** An optional path leads nowhere. */
  | { readonly kind: 'absent' }
  /** The path leads nowhere, or to null. */
  | { readonly kind: 'missing'; readonly path: string }
  /** What is there has no text; `what` says what it is. */
  | { readonly kind: 'not_text'; readonly path: string; readonly what: string }

/** Most paths of one template. */
const partsMax = 64

/** Parses a path, or a template with paths in braces. `roots`: see parsePath. */
export function parseSource(
  written: string,
  options: { readonly roots: 'record' | 'value' },
): ParsedSource {
  if (!written.includes('{')) {
    const parsed = parsePath(written, options)
    return parsed.kind === 'ok' ? { kind: 'ok', source: { parts: [parsed.path] } } : parsed
  }
  const parts: (string | FieldPath)[] = []
  // Odd pieces are those in braces.
  for (const [at, piece] of written.split(/\{([^{}]+)\}/).entries()) {
    if (at % 2 === 0) {
      if (piece !== '') parts.push(piece)
      continue
    }
    const parsed = parsePath(piece, options)
    if (parsed.kind === 'rejected') {
      return { kind: 'rejected', problem: `has the path {${piece}}, which ${parsed.problem}` }
    }
    parts.push(parsed.path)
  }
  if (parts.length > partsMax) {
    return { kind: 'rejected', problem: `has more than ${partsMax} parts` }
  }
  if (parts.every((part) => typeof part === 'string')) {
    return { kind: 'rejected', problem: 'has a brace but no path in braces, such as {title}' }
  }
  return { kind: 'ok', source: { parts } }
}

/** The paths of a source, in order. */
export function pathsOf({ parts }: FieldSource): FieldPath[] {
  return parts.filter((part) => typeof part !== 'string')
}

/**
 * Reads a source: the first path that is missing or has no text decides. In a template, an optional
 * path that leads nowhere is empty; a template whose paths all lead nowhere is absent.
 */
export function readSource(record: DecodedRecord, { parts }: FieldSource): SourceText {
  let text = ''
  let isThere = false
  for (const part of parts) {
    if (typeof part === 'string') {
      text += part
      continue
    }
    const value = valueAtPath(record, part)
    const found = scalarText(value)
    if (found !== undefined) {
      text += found
      isThere = true
    } else if (value !== undefined && value !== null) {
      return { kind: 'not_text', path: part.text, what: kindOf(value) }
    } else if (!part.isOptional) {
      return { kind: 'missing', path: part.text }
    }
  }
  return isThere ? { kind: 'text', text } : { kind: 'absent' }
}

/** Text, or a number or boolean as text; whole numbers keep their digits as bigints. */
export function scalarText(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'boolean':
    case 'bigint':
      return String(value)
    default:
      return undefined
  }
}

function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value instanceof Uint8Array ? 'bytes' : 'an object'
}

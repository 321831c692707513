// Profiles labelled texts before anything is trained on them: rows, columns, labels, lengths,
// problems, and what training would do with them. Wrong rows are counted, not thrown.
// data-problems.ts has the problems; data-rules.ts the rules of training.
import { WinnowError } from '../../schemas/errors.ts'
import type { SourceRow } from '../files/dataset-source.ts'
import type { RowColumns } from '../files/row-columns.ts'
import {
  exampleOf,
  isEmptyText,
  isMultiLabel,
  labelsOfExample,
  textOfRow,
  type Example,
} from '../files/source-row.ts'
import { dataProfile, lengthProfile, type DataProfile, type LengthProfile } from './data-profile.ts'
import { ProblemBook, type DataProblem } from './data-problems.ts'
import { applyDataRules } from './data-rules.ts'
import { describeExamples, examplesMax, trainingLabels, type Dataset } from './dataset.ts'
import type { DataRules, RuleFindings } from './rule-findings.ts'
import { duplicateKey } from './split.ts'

/** A column or field, and in how many rows it has a value. */
export type CheckedColumn = { readonly name: string; readonly filled: number }

/** What training would do with the texts. */
export type TrainingOutlook =
  | {
      readonly kind: 'trains'
      readonly examples: number
      readonly labels: number
      readonly findings: RuleFindings
    }
  | { readonly kind: 'refuses'; readonly reason: string }
  | { readonly kind: 'unlabelled' }

/** Lengths in tokens of a base encoder. */
export type TokenLengths = LengthProfile & {
  readonly base: string
  /** The tokens of a text that the base reads. */
  readonly maxTokens: number
  /** The number of texts that were counted: all, or an even sample of many. */
  readonly texts: number
}

/** Counts tokens as a base encoder does, with the special ones. */
export type TokenCounter = {
  readonly base: string
  readonly maxTokens: number
  readonly count: (text: string) => number
}

/** The check of one data set. */
export type DataCheck = {
  /** All rows, the wrong ones included. */
  readonly rows: number
  /** Rows with a text that is not empty. */
  readonly texts: number
  readonly columns: readonly CheckedColumn[]
  /** Texts per label, most frequent first; empty if no row has one. */
  readonly labels: readonly { readonly label: string; readonly texts: number }[]
  /** `multi-label` if rows have sets of labels. */
  readonly task: 'single-label' | 'multi-label' | 'unlabelled'
  /** Absent if there are no texts. */
  readonly profile?: DataProfile | undefined
  /** Languages of all texts or of an even sample, most frequent first. */
  readonly languages?: readonly { readonly language: string; readonly texts: number }[] | undefined
  /** Absent if no base was given. */
  readonly tokens?: TokenLengths | undefined
  readonly problems: readonly DataProblem[]
  readonly training: TrainingOutlook
}

/** What the check is doing, with the number of rows so far, or of all texts. */
export type CheckProgress = {
  readonly kind: 'reading rows' | 'comparing texts'
  readonly count: number
}

/** The rows between two calls of `onProgress`. */
const progressRows = 5_000

/** The options of `checkData`. */
export type CheckDataOptions = {
  readonly columns: RowColumns
  readonly rules: DataRules
  /** Cleans a text as training does. */
  readonly clean: (text: string) => string
  /** The longest text of the stream, in bytes. */
  readonly textBytesMax: number
  /** Default: no tokens are counted. */
  readonly counter?: TokenCounter | undefined
  /** Default: languages are not detected. */
  readonly languageOf?: ((text: string) => string) | undefined
  readonly onProgress?: ((progress: CheckProgress) => void) | undefined
}

/** Rows of a source. `wrongRow` must be passed to its reader, which calls it for wrong rows. */
export type CheckedSource = {
  readonly name: string
  readonly open: (wrongRow: (error: WinnowError) => void) => AsyncIterable<SourceRow>
}

/**
 * Checks a source of texts, and compares it with test data.
 *
 * @throws WinnowError `dataset_invalid` for a source that cannot be read at all; `cancelled`.
 */
export async function checkData(
  source: CheckedSource,
  options: CheckDataOptions & { readonly test?: CheckedSource | undefined },
): Promise<DataCheck> {
  const problems = new ProblemBook()
  const read = await collectRows(source, { ...options, problems })
  const testRead =
    options.test === undefined
      ? undefined
      : await collectRows(options.test, { ...options, problems: new ProblemBook() })
  const examples = read.labelled ? read.examples.filter(hasLabel) : read.examples
  options.onProgress?.({ kind: 'comparing texts', count: examples.length })
  findDuplicates(examples, read.places, problems)
  const labels = countLabels(examples.filter(hasLabel))
  findSimilarLabels(examples, { labels, places: read.places, problems })
  const training = outlook(source.name, { examples, read, testRead, problems, ...options })
  const { counter, languageOf } = options
  const tokens = counter && tokenLengths(read, { counter, problems })
  return {
    rows: read.rows,
    texts: read.examples.length,
    columns: read.columns,
    labels: [...labels]
      .map(([label, count]) => ({ label, texts: count }))
      .sort((a, b) => b.texts - a.texts || (a.label < b.label ? -1 : 1)),
    task: !read.labelled ? 'unlabelled' : isMultiLabel(examples) ? 'multi-label' : 'single-label',
    profile: read.examples.length === 0 ? undefined : dataProfile(read.examples),
    languages: languageOf && countLanguages(read.examples, languageOf),
    tokens,
    problems: problems.list(),
    training,
  }
}

/** The label of a text in a source without labels; no row can have it. */
const noLabel = ''

function hasLabel({ label }: Example): boolean {
  return label !== noLabel
}

type Collected = {
  readonly rows: number
  readonly labelled: boolean
  /** Texts after cleaning. `row` is the index in `places`. */
  readonly examples: readonly Example[]
  readonly places: readonly string[]
  readonly columns: readonly CheckedColumn[]
}

type Collecting = CheckDataOptions & { readonly problems: ProblemBook }

async function collectRows(source: CheckedSource, options: Collecting): Promise<Collected> {
  const { problems } = options
  const examples: Example[] = []
  const places: string[] = []
  const columns = new Map<string, number>()
  const ids = new Set<string>()
  let rows = 0
  let first: Example | undefined
  const wrongRow = (error: WinnowError): void => {
    rows++
    problems.add('row_unreadable', placeOf(error), error.message)
  }
  for await (const row of source.open(wrongRow)) {
    rows++
    if (rows % progressRows === 0) options.onProgress?.({ kind: 'reading rows', count: rows })
    countColumns(row, options.columns, columns)
    const example = checkedRow(row, { ...options, ids })
    if (example === undefined) continue
    if (hasLabel(example)) {
      first ??= example
      if ((first.labels === undefined) !== (example.labels === undefined)) {
        problems.add('label_mixed', row.place)
        continue
      }
    }
    if (examples.length === examplesMax) continue
    examples.push({ ...example, row: places.length })
    places.push(row.place)
  }
  // Without any label, the rows are texts to classify, and nothing is missing.
  const labelled = first !== undefined
  if (!labelled) problems.count('label_missing', 0)
  const names = [...columns].map(([name, filled]) => ({ name, filled }))
  return { rows, labelled, examples, places, columns: names }
}

/** The example of a row, with an empty label if it has none; undefined if it has no text. */
function checkedRow(
  row: SourceRow,
  options: Collecting & { readonly ids: Set<string> },
): Example | undefined {
  const { columns, clean, textBytesMax, problems, ids } = options
  const { place } = row
  const given = tried(() => textOfRow(row, columns))
  if (given instanceof WinnowError) {
    problems.add('text_missing', place, given.message)
    return undefined
  }
  const text = clean(given)
  if (isEmptyText(text)) {
    const isInvisible = isEmptyText(given) && given.trim() !== ''
    problems.add(isInvisible ? 'text_invisible' : 'text_empty', place)
    return undefined
  }
  if (Buffer.byteLength(given) > textBytesMax) problems.add('text_over_limit', place)
  if (wrongEncoding.test(given)) problems.add('encoding_suspect', place)
  const example = tried(() => exampleOf(row, columns))
  if (example instanceof WinnowError) {
    problems.add('label_missing', place, example.message)
    return { text, label: noLabel }
  }
  if (example.id !== undefined) {
    if (ids.has(example.id)) problems.add('id_repeated', place)
    else if (ids.size < examplesMax) ids.add(example.id)
  }
  return { ...example, text }
}

/**
 * Replacement characters, and what UTF-8 looks like when it is read as Windows-1252: Ã or Â before
 * a character of the range of continuation bytes, and â€ before what were quotes and dashes.
 */
const wrongEncoding = /\uFFFD|[ÃÂ][\u0080-\u00BF]|â€[\u0080-\u00BF\u02DC\u0153\u2018-\u2122]/u

function tried<T>(read: () => T): T | WinnowError {
  try {
    return read()
  } catch (error) {
    if (error instanceof WinnowError) return error
    throw error
  }
}

function placeOf({ details, message }: WinnowError): string {
  const { file, line, place } = details as { file?: string; line?: number; place?: string }
  return place ?? (file === undefined ? message.split(': ')[0]! : `${file}:${line}`)
}

/** The most columns to count; objects may have a different field in each row. */
const columnsMax = 200

function countColumns(row: SourceRow, columns: RowColumns, filled: Map<string, number>): void {
  const { text, label, labels, id, time, attributes } = row
  const named =
    row.fields ??
    ({ [columns.text]: text, [columns.label]: label, labels, id, time, ...Object(attributes) } as {
      readonly [name: string]: unknown
    })
  for (const [name, value] of Object.entries(named)) {
    if (value === undefined) continue
    const isFilled = value !== null && value !== ''
    const known = filled.get(name)
    if (known === undefined && filled.size >= columnsMax) continue
    filled.set(name, (known ?? 0) + (isFilled ? 1 : 0))
  }
}

function countLabels(examples: readonly Example[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const example of examples) {
    for (const label of labelsOfExample(example)) counts.set(label, (counts.get(label) ?? 0) + 1)
  }
  return counts
}

/** Remembers the first places of equal texts; the data rules count them. */
function findDuplicates(
  examples: readonly Example[],
  places: readonly string[],
  problems: ProblemBook,
): void {
  const byText = new Map<string, Example[]>()
  for (const example of examples) {
    const key = duplicateKey(example.text)
    const equal = byText.get(key)
    if (equal === undefined) byText.set(key, [example])
    else equal.push(example)
  }
  for (const [first, ...others] of byText.values()) {
    const other = others.find(({ label }) => label !== first!.label)
    const firstPlace = places[first!.row!]!
    if (other === undefined) {
      for (const { row } of others) {
        problems.add('duplicate', places[row!]!, `${places[row!]!} has the text of ${firstPlace}`)
      }
      continue
    }
    const [label, otherLabel] = [first!, other].map((one) => labelsOfExample(one).join(' | '))
    const what = `${firstPlace} is ${label}, and ${places[other.row!]!} is ${otherLabel}`
    for (const { row } of [first!, ...others]) problems.add('conflict', places[row!]!, what)
  }
}

/** Labels that only differ in case or white space, such as `Billing` and `billing `. */
function findSimilarLabels(
  examples: readonly Example[],
  {
    labels,
    places,
    problems,
  }: {
    labels: ReadonlyMap<string, number>
    places: readonly string[]
    problems: ProblemBook
  },
): void {
  const byKey = new Map<string, string[]>()
  for (const label of labels.keys()) {
    const key = duplicateKey(label)
    byKey.set(key, [...(byKey.get(key) ?? []), label])
  }
  // The most frequent spelling is taken to be the right one.
  const meant = new Map<string, string>()
  for (const alike of byKey.values()) {
    const [right, ...others] = alike.sort((a, b) => labels.get(b)! - labels.get(a)!)
    for (const other of others) meant.set(other, right!)
  }
  if (meant.size === 0) return
  for (const example of examples) {
    for (const label of labelsOfExample(example)) {
      const right = meant.get(label)
      if (right === undefined) continue
      const what = `${JSON.stringify(label)} beside ${JSON.stringify(right)}`
      problems.add('label_similar', places[example.row!]!, what)
    }
  }
}

/** Of more texts, it detects the languages of an even sample, which takes a second. */
const languageTextsMax = 5_000

function countLanguages(
  examples: readonly Example[],
  languageOf: (text: string) => string,
): { language: string; texts: number }[] {
  const step = Math.ceil(examples.length / languageTextsMax)
  const counts = new Map<string, number>()
  for (const { text } of examples.filter((_, index) => index % step === 0)) {
    const language = languageOf(text)
    counts.set(language, (counts.get(language) ?? 0) + 1)
  }
  return [...counts]
    .map(([language, texts]) => ({ language, texts }))
    .sort((a, b) => b.texts - a.texts || (a.language < b.language ? -1 : 1))
}

/** Of more texts, an even sample is tokenized; it gives the same quantiles within a percent. */
const tokenizedTextsMax = 20_000
/** The most tokens per code point: a Hangul syllable decomposes into three letters. */
const tokensPerCharacterMax = 3

/** The lengths in tokens, and the texts that a base reads only the beginning of. */
function tokenLengths(
  { examples, places }: Collected,
  { counter, problems }: { counter: TokenCounter; problems: ProblemBook },
): TokenLengths | undefined {
  const { base, maxTokens, count } = counter
  const step = Math.ceil(examples.length / tokenizedTextsMax)
  const lengths: number[] = []
  for (const [index, { text, row }] of examples.entries()) {
    const isSampled = index % step === 0
    if (!isSampled && text.length * tokensPerCharacterMax <= maxTokens - 2) continue
    const tokens = count(text)
    if (isSampled) lengths.push(tokens)
    if (tokens > maxTokens) problems.add('text_truncated', places[row!]!)
  }
  if (lengths.length === 0) return undefined
  return { base, maxTokens, texts: lengths.length, ...lengthProfile(Int32Array.from(lengths)) }
}

/** Applies the rules of training, and takes their counts. */
function outlook(
  name: string,
  {
    examples,
    read,
    testRead,
    problems,
    rules,
  }: CheckDataOptions & {
    readonly examples: readonly Example[]
    readonly read: Collected
    readonly testRead: Collected | undefined
    readonly problems: ProblemBook
  },
): TrainingOutlook {
  if (examples.length === 0) {
    const reason = `${name} has no ${read.labelled ? 'labelled ' : ''}texts.`
    return { kind: 'refuses', reason }
  }
  const testExamples = testRead?.examples ?? []
  const parts = {
    train: datasetOf(name, examples),
    test: testExamples.length === 0 ? undefined : datasetOf('test', testExamples),
  }
  const ruled = tried(() => applyDataRules(parts, rules).train)
  if (ruled instanceof WinnowError) return { kind: 'refuses', reason: ruled.message }
  const findings = ruled.manifest.rules!
  problems.count('duplicate', findings.duplicates)
  problems.count('conflict', findings.conflicts.examples)
  findLeaks(examples, { places: read.places, testExamples, problems })
  problems.count('leak', findings.heldOut.exact)
  problems.count('leak_near', findings.heldOut.near)
  findNearDuplicates(ruled, read.places, problems)
  problems.count('near_duplicate', findings.nearDuplicates.examples)
  if (!read.labelled) return { kind: 'unlabelled' }
  findRareLabels(ruled, { rare: new Set(findings.singleExampleLabels), read, problems })
  if (testRead?.labelled === true) {
    findUnknownTestLabels(testRead, { known: ruled.manifest.labels, problems })
  }
  const labels = tried(() => trainingLabels(ruled))
  if (labels instanceof WinnowError) return { kind: 'refuses', reason: labels.message }
  const { length } = ruled.examples
  return { kind: 'trains', examples: length, labels: labels.length, findings }
}

function datasetOf(name: string, examples: readonly Example[]): Dataset {
  return { examples, manifest: describeExamples(name, examples) }
}

function findLeaks(
  examples: readonly Example[],
  {
    places,
    testExamples,
    problems,
  }: {
    places: readonly string[]
    testExamples: readonly Example[]
    problems: ProblemBook
  },
): void {
  const held = new Set(testExamples.map(({ text }) => duplicateKey(text)))
  if (held.size === 0) return
  for (const { text, row } of examples) {
    if (held.has(duplicateKey(text))) problems.add('leak', places[row!]!)
  }
}

function findNearDuplicates(
  { examples }: Dataset,
  places: readonly string[],
  problems: ProblemBook,
): void {
  const first = new Map<number, Example>()
  for (const example of examples) {
    const earlier = example.group === undefined ? undefined : first.get(example.group)
    if (earlier === undefined) {
      if (example.group !== undefined) first.set(example.group, example)
    } else if (duplicateKey(earlier.text) !== duplicateKey(example.text)) {
      const [place, other] = [places[example.row!]!, places[earlier.row!]!]
      problems.add('near_duplicate', place, `${place} resembles ${other}`)
    }
  }
}

function findRareLabels(
  { examples }: Dataset,
  { rare, read, problems }: { rare: ReadonlySet<string>; read: Collected; problems: ProblemBook },
): void {
  if (rare.size === 0) return
  for (const example of examples) {
    const label = labelsOfExample(example).find((one) => rare.has(one))
    if (label === undefined) continue
    problems.add('label_rare', read.places[example.row!]!, JSON.stringify(label))
  }
}

function findUnknownTestLabels(
  test: Collected,
  { known, problems }: { known: Readonly<Record<string, number>>; problems: ProblemBook },
): void {
  for (const example of test.examples.filter(hasLabel)) {
    const label = labelsOfExample(example).find((one) => !Object.hasOwn(known, one))
    if (label === undefined) continue
    problems.add('test_label_unknown', test.places[example.row!]!, JSON.stringify(label))
  }
}

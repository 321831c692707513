// Two runs side by side: parameters that differ, data that differ, metrics with their difference,
// and for two cross-validations on the same folds the test of corrected-t.ts.
import { readCvRecord } from '../cross-validation/cv-record.ts'
import { compareRecipes, type RecipeComparison } from '../cross-validation/compare-recipes.ts'
import { dataParts, type DataPart, type TrackedRun } from './tracked-run.ts'

/** Whether both runs had a part of the data in common; `unknown` where a hash is not recorded. */
export type DataAgreement = 'same' | 'different' | 'unknown'

/** The second run beside the first. */
export type RunComparison = {
  readonly first: string
  readonly second: string
  /** Only those that differ; undefined where a run has no such parameter. */
  readonly parameters: readonly {
    readonly name: string
    readonly first: unknown
    readonly second: unknown
  }[]
  /** Of each part that at least one of the runs has. */
  readonly data: Readonly<Partial<Record<DataPart, DataAgreement>>>
  /** Of two cross-validations; null for other runs. */
  readonly folds: 'same' | 'different' | null
  /** What the metrics were measured on; they can be compared only if it is the same. */
  readonly measuredOn: { readonly first: string | null; readonly second: string | null }
  readonly metrics: readonly {
    readonly name: string
    readonly first: number | null
    readonly second: number | null
    /** The second less the first. */
    readonly difference: number | null
  }[]
  /** The second less the first, fold by fold. */
  readonly test: RecipeComparison | null
}

/** Compares the second run with the first. */
export async function compareRuns(
  storeDir: string,
  { first, second }: { first: TrackedRun; second: TrackedRun },
): Promise<RunComparison> {
  const { foldsSha256 } = first
  const areFolded = foldsSha256 !== null && second.foldsSha256 !== null
  const folds = foldsSha256 === second.foldsSha256 ? 'same' : 'different'
  return {
    first: first.run,
    second: second.run,
    parameters: differingParameters(first, second),
    data: dataAgreement(first, second),
    folds: areFolded ? folds : null,
    measuredOn: { first: first.measuredOn, second: second.measuredOn },
    metrics: metricsOfBoth(first, second),
    test: areFolded && folds === 'same' ? await testOf(storeDir, first, second) : null,
  }
}

function differingParameters(first: TrackedRun, second: TrackedRun): RunComparison['parameters'] {
  const mine = { kind: first.kind, method: first.method, ...first.parameters }
  const others = { kind: second.kind, method: second.method, ...second.parameters }
  return namesOfBoth(mine, others)
    .map((name) => ({ name, first: valueIn(mine, name), second: valueIn(others, name) }))
    .filter((pair) => JSON.stringify(pair.first) !== JSON.stringify(pair.second))
}

function dataAgreement(first: TrackedRun, second: TrackedRun): RunComparison['data'] {
  const parts = dataParts.flatMap((part): [DataPart, DataAgreement][] => {
    const mine = first.data[part]
    const others = second.data[part]
    if (mine === undefined && others === undefined) return []
    if (mine === undefined || others === undefined) return [[part, 'different']]
    if (mine.sha256 === null || others.sha256 === null) return [[part, 'unknown']]
    return [[part, mine.sha256 === others.sha256 ? 'same' : 'different']]
  })
  return Object.fromEntries(parts)
}

function metricsOfBoth(first: TrackedRun, second: TrackedRun): RunComparison['metrics'] {
  return namesOfBoth(first.metrics, second.metrics).map((name) => {
    const mine = first.metrics[name]?.value ?? null
    const others = second.metrics[name]?.value ?? null
    const difference = mine === null || others === null ? null : others - mine
    return { name, first: mine, second: others, difference }
  })
}

async function testOf(
  storeDir: string,
  first: TrackedRun,
  second: TrackedRun,
): Promise<RecipeComparison | null> {
  const [rival, own] = [
    await readCvRecord(storeDir, first.run),
    await readCvRecord(storeDir, second.run),
  ]
  // Deleted since they were listed.
  if (rival === undefined || own === undefined) return null
  return compareRecipes(own.folds, rival)
}

function namesOfBoth(first: object, second: object): string[] {
  return [...new Set([...Object.keys(first), ...Object.keys(second)])]
}

function valueIn(values: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(values, name) ? values[name] : undefined
}

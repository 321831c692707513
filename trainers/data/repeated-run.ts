// Checks that data are the same as those of an earlier run, by the manifests of the run.
import { WinnowError } from '../../schemas/errors.ts'
import type { DataManifest } from './dataset.ts'
import type { DataRules } from './rule-findings.ts'

/** The manifests of the data sets of a run. */
export type DataManifests = { readonly [Part in Role]?: DataManifest | undefined }

type Role = 'train' | 'validation' | 'test'

/**
 * Compares data with a run's record, or with the `dataManifest` of one. Validation data that the
 * run held out itself are not compared.
 *
 * @throws WinnowError `dataset_invalid`, which names the data set or the rule that differs.
 */
export function checkRepeated(
  recorded: unknown,
  given: DataManifests,
  options: { file: string; rules: DataRules },
): void {
  const { file, rules } = options
  const manifests = requireManifests(recorded, file)
  const recordedRules = fieldsOf(fieldsOf(manifests['train'])['rules'])['rules']
  const before = fieldsOf(recordedRules)
  const changed = (Object.keys(rules) as (keyof DataRules)[]).find(
    (name) => recordedRules !== undefined && before[name] !== rules[name],
  )
  if (changed !== undefined) {
    const message =
      `The data rule ${changed} is ${String(rules[changed])}, but was ` +
      `${String(before[changed])} in ${file}; set it to the same value.`
    throw new WinnowError('dataset_invalid', message)
  }
  for (const role of ['train', 'validation', 'test'] as const) {
    const manifest = given[role]
    if (manifest === undefined && (role !== 'test' || manifests[role] === undefined)) continue
    const expected = hashOf(manifests[role])
    const found = hashOf(manifest)
    if (expected === found) continue
    const told = `${manifest?.source ?? 'nothing'} (${found ?? 'none'})`
    const message =
      `The ${role} data are ${told}, but were ${expected ?? 'none'} in ${file}; give the ` +
      'same data.'
    throw new WinnowError('dataset_invalid', message, { details: { role, expected, found } })
  }
}

/** The manifests in a run's record; throws WinnowError `usage` if there are none. */
export function requireManifests(
  recorded: unknown,
  file: string,
): Readonly<Record<string, unknown>> {
  const manifests = fieldsOf(fieldsOf(recorded)['dataManifest'] ?? recorded)
  if (hashOf(manifests['train']) !== undefined) return manifests
  const message = `${file} is neither the run.json of a run nor a data manifest; give one of them.`
  throw new WinnowError('usage', message)
}

/** The content hash of a data set as it was read. */
function hashOf(manifest: unknown): string | undefined {
  const fields = fieldsOf(manifest)
  const sha256 = fieldsOf(fields['read'])['sha256'] ?? fields['sha256']
  return typeof sha256 === 'string' ? sha256 : undefined
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}

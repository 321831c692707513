// Opens the small model of a version, if it is a cascade.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { smallModelFileName } from '../store/cascade-section.ts'
import type { ModelVersion } from '../store/version-files.ts'
import { createSmallModel } from './small-model.ts'
import { readSmallModel } from './small-model-file.ts'
import { sureModel, type SureModel } from './sure-answer.ts'

/**
 * The small model with the thresholds of the manifest; undefined if the version is no cascade.
 *
 * @throws WinnowError `model_corrupt`.
 */
export async function readSureModel({
  dir,
  manifest,
}: Pick<ModelVersion, 'dir' | 'manifest'>): Promise<SureModel | undefined> {
  const { cascade, labels } = manifest
  if (cascade === undefined) return undefined
  const file = await readFile(join(dir, smallModelFileName))
  const parts = readSmallModel(file, { labels: labels.length })
  return sureModel(createSmallModel(parts), cascade)
}

// Sends finished runs to MLflow, each once however often it is called: mlflow.json in the run's
// folder keeps what was sent, and the server is asked for what a stopped call had sent already.
import { join } from 'node:path'
import { z } from 'zod'
import type { Mlflow } from '../../infra/mlflow/mlflow.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import { readIfThere, writeWhole } from '../../models/runtime/whole-file.ts'
import { idTag, mlflowRuns, type MlflowRun } from './mlflow-runs.ts'
import { runFiles } from './run-store.ts'
import type { TrackedRun } from './tracked-run.ts'

const sentFile = 'mlflow.json'
const sentSchema = z.looseObject({ url: z.string(), sha256: z.string() })

/**
 * Sends a finished run with its folds or trials. `unchanged` means that all of it was sent before.
 *
 * @throws WinnowError `tracking_unavailable`, `tracking_refused`.
 */
export async function syncRun(
  mlflow: Mlflow,
  run: TrackedRun,
): Promise<{ kind: 'sent' | 'unchanged'; children: number }> {
  const path = join(run.dir, sentFile)
  const files = (await runFiles(run.dir)).filter((file) => file.path !== path)
  const { parent, children } = mlflowRuns(run, files)
  const sha256 = sha256OfBytes(Buffer.from(JSON.stringify([parent, children])))
  const before = await sentBefore(path)
  if (before?.url === mlflow.url && before.sha256 === sha256) {
    return { kind: 'unchanged', children: children.length }
  }
  const experimentId = await mlflow.experimentId(run.name)
  const [known] = await mlflow.runsWithTag(experimentId, { key: idTag, value: parent.id })
  const runId = await sendOne(mlflow, parent, { experimentId, knownId: known?.runId })
  const parentTag = { key: 'mlflow.parentRunId', value: runId }
  const below = children.length === 0 ? [] : await mlflow.runsWithTag(experimentId, parentTag)
  const idOf = new Map(below.map((one) => [one.tags[idTag], one.runId]))
  for (const child of children) {
    const tags = { ...child.tags, [parentTag.key]: runId }
    const knownId = idOf.get(child.id)
    await sendOne(mlflow, { ...child, tags }, { experimentId, knownId })
  }
  const sent = { formatVersion: 1, url: mlflow.url, experimentId, runId, sha256 }
  await writeWhole(path, `${JSON.stringify(sent, null, 2)}\n`)
  return { kind: 'sent', children: children.length }
}

/** Creates a run unless the server has it, and logs everything. */
async function sendOne(
  mlflow: Mlflow,
  run: MlflowRun,
  { experimentId, knownId }: { experimentId: string; knownId: string | undefined },
): Promise<string> {
  const { name, startMs, endMs, status, params, metrics, tags } = run
  const runId = knownId ?? (await mlflow.createRun({ experimentId, name, startMs, tags }))
  await mlflow.log(runId, { params, metrics, tags: knownId === undefined ? {} : tags })
  await mlflow.endRun(runId, { status, endMs })
  return runId
}

async function sentBefore(path: string): Promise<z.output<typeof sentSchema> | undefined> {
  const text = await readIfThere(path)
  if (text === undefined) return undefined
  try {
    return sentSchema.parse(JSON.parse(text))
  } catch {
    return undefined // A damaged note: the server is asked instead.
  }
}

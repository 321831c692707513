// Sends a run to MLflow: whatever the server does not have yet. A run that goes on is sent again
// and again, one that is over once more, and a stopped call leaves the rest to the next. Names and
// numbers are mlflow-runs.ts.
import type { Mlflow, MlflowMetric } from '../../infra/mlflow/mlflow.ts'
import { sha256OfBytes } from '../../models/runtime/file-hash.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { idTag, mlflowRuns, type MlflowRun, type RunCourse } from './mlflow-runs.ts'
import type { RunArtifact } from './run-artifacts.ts'
import { readSyncState, writeSyncState, type SentRun, type SyncState } from './sync-state.ts'
import type { TrackedRun } from './tracked-run.ts'

/** What is sent of a run. */
export type RunToSync = RunCourse & {
  readonly run: TrackedRun
  readonly artifacts: readonly RunArtifact[]
}

/** What a sync did. */
export type SyncOutcome = {
  /** `unchanged` means that all of it was sent before. */
  readonly kind: 'sent' | 'unchanged'
  /** The folds or trials. */
  readonly children: number
  /** The page of the run on the server. */
  readonly page: string
  /** Why artifacts were not uploaded; undefined if the server has all of them. */
  readonly artifactProblem: string | undefined
}

/**
 * What one process knows of a run on the server. Children are searched for only where a request
 * may have created one without an answer.
 */
export type SyncSession = { readonly state: SyncState; areChildrenKnown: boolean }

/** Begins to sync a run; the caller is the only one that does. */
export async function openSession(mlflow: Mlflow, run: TrackedRun): Promise<SyncSession> {
  return { state: await readSyncState(run.dir, mlflow.url), areChildrenKnown: false }
}

/**
 * Sends what the server does not have, and writes down what it has.
 *
 * @throws WinnowError `tracking_unavailable`, `tracking_refused`.
 */
export async function syncRun(
  mlflow: Mlflow,
  session: SyncSession,
  { run, artifacts, ...course }: RunToSync,
): Promise<SyncOutcome> {
  const { state } = session
  const { parent, children } = mlflowRuns(run, course)
  const isUnchanged =
    [parent, ...children].every((one) => isSent(one, state.runs[one.id])) &&
    artifacts.every(({ path, stamp }) => state.artifacts[path] === stamp)
  if (isUnchanged) return outcome('unchanged', undefined)
  let isDone = false
  try {
    // Before the first request, so that a kill leaves a trace of what the server may have.
    if (Object.keys(state.runs).length === 0) await writeSyncState(run.dir, state)
    const experimentId = (state.experimentId ??= await mlflow.experimentId(run.name))
    const target = { mlflow, session, experimentId }
    const { runId } = await sendParent(target, parent)
    await findChildren(target, { runId, children })
    for (const child of children) await sendChild(target, { runId, child })
    const problem = await sendArtifacts(target, { id: parent.id, artifacts })
    isDone = true
    return outcome('sent', problem)
  } finally {
    if (!isDone) session.areChildrenKnown = false
    await writeSyncState(run.dir, state)
  }

  function outcome(kind: SyncOutcome['kind'], artifactProblem: string | undefined): SyncOutcome {
    const { experimentId = '', runs } = state
    const page = `${mlflow.url}/#/experiments/${experimentId}/runs/${runs[parent.id]?.runId ?? ''}`
    return { kind, children: children.length, page, artifactProblem }
  }
}

type Target = {
  readonly mlflow: Mlflow
  readonly session: SyncSession
  readonly experimentId: string
}

const parentTag = 'mlflow.parentRunId'

/** Finds the run on the server or creates it, and sends the rest. */
async function sendParent(target: Target, parent: MlflowRun): Promise<SentRun> {
  const { mlflow, session, experimentId } = target
  const { runs } = session.state
  if (runs[parent.id] === undefined) {
    const [found] = await mlflow.runsWithTag(experimentId, { key: idTag, value: parent.id })
    if (found !== undefined) {
      runs[parent.id] = sentRun(found)
    } else {
      runs[parent.id] = await create(target, parent)
      session.areChildrenKnown = true
    }
  }
  const sent = runs[parent.id]!
  await sendRest(mlflow, sent, parent)
  return sent
}

/** Looks for children that an earlier call created. */
async function findChildren(
  { mlflow, session, experimentId }: Target,
  { runId, children }: { runId: string; children: readonly MlflowRun[] },
): Promise<void> {
  const { runs } = session.state
  if (session.areChildrenKnown || children.every(({ id }) => runs[id] !== undefined)) return
  for (const found of await mlflow.runsWithTag(experimentId, { key: parentTag, value: runId })) {
    const id = found.tags[idTag]
    if (id !== undefined) runs[id] ??= sentRun(found)
  }
  session.areChildrenKnown = true
}

async function sendChild(
  target: Target,
  { runId, child }: { runId: string; child: MlflowRun },
): Promise<void> {
  const { runs } = target.session.state
  runs[child.id] ??= await create(target, child, { [parentTag]: runId })
  await sendRest(target.mlflow, runs[child.id]!, child)
}

async function create(
  { mlflow, experimentId }: Target,
  { name, startMs, tags }: MlflowRun,
  more: Readonly<Record<string, string>> = {},
): Promise<SentRun> {
  const created = await mlflow.createRun({
    experimentId,
    name,
    startMs,
    tags: { ...tags, ...more },
  })
  return { ...sentRun(created), tags: hashOf(tags) }
}

function sentRun({ runId, artifactUri }: { runId: string; artifactUri: string }): SentRun {
  const nothing = { params: '', tags: '', datasets: '', metrics: {}, status: 'RUNNING' }
  return { runId, artifactUri, ...nothing }
}

/** Whether the server has everything. */
function isSent(run: MlflowRun, sent: SentRun | undefined): boolean {
  return (
    sent !== undefined &&
    newMetrics(run, sent).length === 0 &&
    sent.params === hashOf(run.params) &&
    sent.tags === hashOf(run.tags) &&
    sent.datasets === hashOf(run.datasets) &&
    sent.status === run.status
  )
}

/** Sends what a run on the server lacks, and notes it in `sent`. */
async function sendRest(mlflow: Mlflow, sent: SentRun, run: MlflowRun): Promise<void> {
  const metrics = newMetrics(run, sent)
  const params = hashOf(run.params)
  const tags = hashOf(run.tags)
  if (metrics.length > 0 || params !== sent.params || tags !== sent.tags) {
    await mlflow.log(sent.runId, {
      metrics,
      params: params === sent.params ? {} : run.params,
      tags: tags === sent.tags ? {} : run.tags,
    })
    for (const metric of metrics) noteSent(metric, sent)
    Object.assign(sent, { params, tags })
  }
  const datasets = hashOf(run.datasets)
  if (datasets !== sent.datasets) {
    await mlflow.logDatasets(sent.runId, run.datasets)
    sent.datasets = datasets
  }
  if (run.status !== sent.status) {
    await mlflow.setStatus(sent.runId, run)
    sent.status = run.status
  }
}

/** The values that were not sent. */
function newMetrics({ metrics }: MlflowRun, sent: SentRun): MlflowMetric[] {
  return metrics.filter(({ key, step }) => {
    const known = sent.metrics[key]
    if (known === undefined) return true
    return typeof known === 'number' ? step > known : !known.includes(step)
  })
}

/** Curves by batch and epoch only grow, and are long. Folds and trials may end in any order. */
function noteSent({ key, step }: MlflowMetric, { metrics }: SentRun): void {
  const known = metrics[key]
  if (/^(?:step|epoch)\//.test(key)) metrics[key] = step
  else if (typeof known === 'object') known.push(step)
  else metrics[key] = [step]
}

/**
 * Uploads artifacts that are new or changed. One that the server refuses, or that cannot be read or
 * drawn, does not keep the others from being sent. Gives the first problem.
 */
async function sendArtifacts(
  { mlflow, session }: Target,
  { id, artifacts }: { id: string; artifacts: readonly RunArtifact[] },
): Promise<string | undefined> {
  const { state } = session
  const { artifactUri } = state.runs[id]!
  let problem: string | undefined
  for (const { path, stamp, open } of artifacts) {
    if (state.artifacts[path] === stamp) continue
    try {
      const result = await mlflow.uploadArtifact(artifactUri, { path, bytes: await open() })
      if (result === 'not-proxied') {
        // The place of a run's artifacts never changes, so there is nothing to try again.
        for (const one of artifacts) state.artifacts[one.path] = one.stamp
        return notProxied(artifactUri)
      }
      state.artifacts[path] = stamp
    } catch (error) {
      if (error instanceof WinnowError && error.code === 'tracking_unavailable') throw error
      problem ??= `${path} of ${id} was not uploaded: ${errorMessage(error)}`
    }
  }
  return problem
}

function notProxied(artifactUri: string): string {
  return (
    `artifacts stay here, because the server keeps them at ${artifactUri} and does not take them ` +
    'itself: start it with --artifacts-destination in place of --default-artifact-root, and use ' +
    'a new experiment'
  )
}

function hashOf(value: object): string {
  return sha256OfBytes(Buffer.from(JSON.stringify(value)))
}

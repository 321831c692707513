// `winnow train-worker`: works off the trials that `winnow tune --executor kafka` puts up, on any
// number of hosts.
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Command } from 'commander'
import { createTelemetry, listenTelemetry } from '../../infra/telemetry.ts'
import { closing } from '../../serving/open-resources.ts'
import { openRemoteWork } from '../../serving/remote-workers.ts'
import { taskPreparer } from '../../trainers/workers/run-task.ts'
import { runTaskWorker } from '../../trainers/workers/task-worker.ts'
import { pullBase } from '../base-pull.ts'
import { openContext, type SharedOptions } from '../command-context.ts'
import { checkAddress, checkStore } from '../option-checks.ts'
import { addCommand, durationMs, wholeNumber } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { timedLog } from '../terminal.ts'

type Options = SharedOptions & { maxTrials?: number; idleExit?: number; drain: number }

/** Adds `train-worker` to the program. */
export function addTrainWorkerCommand(program: Command): void {
  addCommand(program, {
    name: 'train-worker',
    summary: 'run trials that winnow tune puts on a topic',
    description:
      'Runs trials of `winnow tune --executor kafka`, one at a time, until it is stopped. Any number of\n' +
      'workers on any number of hosts share the trials of all tunes. A worker that is killed loses its\n' +
      'trial to another one. Training texts come from the artifact store, or from a model store that\n' +
      'worker and tune share; the base encoder is fetched if it is missing. Ctrl-C or SIGTERM gives the\n' +
      'running trial back; a second one ends the process at once.',
    examples: [
      'winnow train-worker',
      'winnow train-worker --idle-exit 10m',
      'winnow train-worker --max-trials 1 --drain 5m --profile cluster',
    ],
  })
    .option('--max-trials <number>', 'end after so many trials', wholeNumber(1))
    .option('--idle-exit <duration>', 'end when there was no trial for so long', durationMs)
    .option(
      '--drain <duration>',
      'how long a running trial may go on after a stop, before it is given back',
      durationMs,
      10_000,
    )
    .action(runWorker)
}

async function runWorker(options: Options): Promise<void> {
  const context = await openContext(options)
  const { config, terminal, paths } = context
  await checkAddress('telemetry', config.telemetry)
  await checkStore(paths.store)
  const worker = `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`
  const log = timedLog(terminal)
  await untilStopped(async (signal) => {
    const remote = await openRemoteWork({ config, note: log })
    const telemetry = createTelemetry()
    const work = async (): Promise<void> => {
      const { host, port } = config.telemetry
      const listener = await listenTelemetry(telemetry, { host, port, probes: [] })
      terminal.say(`worker ${worker}; metrics on ${listener.url}/metrics; stop with Ctrl-C`)
      terminal.document({ worker, metrics: listener.url })
      const { log: tasks, objects } = remote
      const { tasks: done } = await runTaskWorker(
        {
          ...config.trials,
          log: tasks,
          worker,
          prepare: taskPreparer({
            storeDir: paths.store,
            objects,
            openBase: (name, stop) => pullBase(name, context, stop),
          }),
          tasksMax: options.maxTrials,
          idleMsMax: options.idleExit,
          drainMsMax: options.drain,
          note: log,
          onTask: (outcome, seconds) => telemetry.worked(outcome, seconds),
        },
        signal,
      ).finally(() => listener.close())
      log(`worked on ${done} ${done === 1 ? 'trial' : 'trials'}`)
    }
    await closing(work, () => remote.close())
  })
}

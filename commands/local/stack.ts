// `winnow up`, `down` and `status`: the embedded stack of this folder.
import type { Command } from 'commander'
import { noRegistry } from '../../configs/schema.ts'
import { hasRegistry } from '../../infra/schema-registry/registry.ts'
import { stackStatus } from '../../infra/local/stack-status.ts'
import { startStack, stopStack } from '../../infra/local/supervisor.ts'
import {
  openContext,
  readContext,
  type CommandContext,
  type SharedOptions,
} from '../command-context.ts'
import { consumerTable, readConsumers } from '../consumer-groups.ts'
import { prepareService } from '../../serving/backends.ts'
import { readService } from '../../serving/service-record.ts'
import { addCommand } from '../shared-options.ts'
import { untilStopped } from '../signals.ts'
import { logLine, durationText, tableText } from '../terminal.ts'

/** Adds `up`, `down` and `status` to the program. */
export function addStackCommands(program: Command): void {
  addCommand(program, {
    name: 'up',
    summary: 'start the embedded stack: Kafka, schema registry, analytics',
    description:
      'Starts the services that are not running and waits until all of them answer. If a port is taken, it\n' +
      'picks a free one. Data, logs and process ids are in .winnow in this folder (or in $WINNOW_STATE).\n' +
      'Other programs need the password of the engine and the token of the registry from its stack.json.\n' +
      'With registry.url none there is no registry, and everything is JSON.',
    examples: [
      'winnow up',
      'winnow up --set local.kafkaPort=29092',
      'winnow up --set registry.url=none',
      'winnow status',
    ],
  }).action(async (options: SharedOptions) => {
    const { terminal } = await readContext(options)
    await untilStopped((signal) => bringUp(options, signal))
    const context = await openContext(options)
    await prepareService(context.config, logLine)
    const state = await readStack(context)
    terminal.say(stackTable(state.stack))
    terminal.document({ ...state, consumers: [] })
  })
  addCommand(program, {
    name: 'down',
    summary: 'stop the embedded stack',
    description: 'Stops the services of this folder. Their data stays for the next `winnow up`.',
    examples: ['winnow down'],
  }).action(async (options: SharedOptions) => {
    const { terminal, paths } = await openContext(options)
    const stopped: string[] = []
    await stopStack({
      stateDir: paths.state,
      onProgress: (line) => {
        stopped.push(line)
        terminal.say(line)
      },
    })
    if (stopped.length === 0) terminal.say('nothing was running')
    terminal.document({ stopped })
  })
  addCommand(program, {
    name: 'status',
    summary: 'show services, addresses and consumer lag',
    description:
      'Shows each service of the embedded stack and, for each consumer group on Kafka (kafka.brokers), its\n' +
      'lag, its processes, and when consuming ended.',
    examples: ['winnow status', 'winnow status --json'],
  }).action(async (options: SharedOptions) => {
    const context = await openContext(options)
    const { terminal } = context
    const state = await readStack(context)
    if (state.stack.length === 0)
      terminal.say('no stack in this folder yet; `winnow up` starts one')
    else terminal.say(stackTable(state.stack))
    const { consumers, warnings } = await readConsumers(context, state)
    if (consumers.length > 0) {
      terminal.say()
      terminal.say(consumerTable(consumers, Date.now()))
    }
    if (warnings.length > 0) terminal.say()
    for (const line of warnings) terminal.say(terminal.style('yellow', line))
    terminal.document({ ...state, consumers })
  })
}

/** Starts the stack of this folder with progress lines. */
export async function bringUp(options: SharedOptions, signal: AbortSignal): Promise<void> {
  // Ignores the addresses of a running stack: a stack without a registry gets one if it is started
  // without that setting.
  const { config, terminal, paths } = await readContext(options, {}, 'ignored')
  const { kafkaPort, registryPort, analyticsPort } = config.local
  await startStack({
    stateDir: paths.state,
    cacheDir: paths.cache,
    ports: { kafka: kafkaPort, registry: registryPort, analytics: analyticsPort },
    registry: hasRegistry(config.registry) ? 'embedded' : 'none',
    onProgress: (line) => terminal.say(terminal.style('dim', line)),
    signal,
  })
}

type StackView = {
  stack: { name: string; pid: number | null; url: string; ready: boolean; uptimeMs?: number }[]
}

async function readStack({ paths }: CommandContext): Promise<StackView> {
  const services = await stackStatus({ stateDir: paths.state })
  const gateway = await readService(paths.state, 'gateway')
  const stack: StackView['stack'] = [
    ...services,
    ...(gateway === undefined
      ? []
      : [{ ...gateway, ready: await answers(`${gateway.url}/readyz`) }]),
  ]
  return { stack }
}

function stackTable(stack: StackView['stack']): string {
  return tableText(
    ['service', 'state', 'address', 'pid', 'up for'],
    stack.map(({ name, ready, url, pid, uptimeMs }) => [
      name,
      url === noRegistry ? 'none' : ready ? 'ready' : pid === null ? 'stopped' : 'not ready',
      url === noRegistry ? 'JSON only (registry.url)' : url,
      pid ?? '',
      uptimeMs === undefined ? '' : durationText(uptimeMs),
    ]),
  )
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    return response.ok
  } catch {
    return false // It does not answer.
  }
}

// The lines of `winnow doctor` about ClickHouse: from its name to the rights of the user, each with
// what to do. A step that fails ends the list where the later ones cannot work.
import { isIP } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { connectionProblem } from '../../configs/connection-problem.ts'
import type { Config } from '../../configs/schema.ts'
import { probeConnection, type ConnectionProbe } from '../../infra/connection-probe.ts'
import { createAnalytics, type Analytics } from '../../infra/clickhouse/clickhouse.ts'
import { grantStatement, usedBy, type Use } from '../../infra/clickhouse/grants.ts'
import { planMigrations } from '../../infra/clickhouse/migrations.ts'
import { checkServer, isSupported, versionMin } from '../../infra/clickhouse/server-checks.ts'
import {
  hasDatabase,
  readClockSkew,
  readDisks,
  readMissingGrants,
} from '../../infra/clickhouse/server-state.ts'
import { readTlsFiles, tlsProblem } from '../../infra/clickhouse/tls-files.ts'
import { topologyOf } from '../../infra/clickhouse/topology.ts'
import type { DoctorCheck } from '../../infra/local/machine-checks.ts'
import { counted } from '../../schemas/counted.ts'
import { errorMessage, WinnowError } from '../../schemas/errors.ts'
import { certificateAge } from './certificate-age.ts'

type ClickHouse = Config['clickhouse']

const waitMsMax = 5_000

/** Checks ClickHouse step by step. */
export async function checkClickHouse(config: ClickHouse): Promise<DoctorCheck[]> {
  const found: Step[] = await checkReach(config)
  const isReached = () => found.every(({ state, isEnd }) => state === 'ok' || isEnd === false)
  if (isReached()) found.push(await checkLogin(config))
  if (!isReached()) return found.map(plain)
  const analytics = createAnalytics(config, { database: undefined })
  try {
    for (const check of [checkVersion, checkDatabase, checkMigrations]) {
      found.push(await check(analytics, config).catch(refused))
    }
    if (topologyOf(config).kind !== 'single') found.push(await checkServers(analytics))
    found.push(
      ...(await checkRights(analytics, config).catch((error: unknown) => [refused(error)])),
    )
    found.push(...(await checkDisks(analytics).catch(noDisks)))
    found.push(await checkClock(analytics).catch(refused))
  } finally {
    await analytics.close()
  }
  return found.map(plain)
}

/** A step; `isEnd` is false for a finding that does not keep later steps from working. */
type Step = DoctorCheck & { readonly isEnd?: boolean }

function plain({ name, state, detail, fix }: Step): DoctorCheck {
  return { name, state, detail, ...(fix !== undefined && { fix }) }
}

function refused(error: unknown): Step {
  const fix = 'See docs/clickhouse.md.'
  return { name: 'ClickHouse', state: 'fail', detail: errorMessage(error), fix }
}

function addressOf({ url }: ClickHouse): { host: string; port: number; isTls: boolean } {
  const { hostname, port, protocol } = new URL(url)
  const isTls = protocol === 'https:'
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  return { host, port: port === '' ? (isTls ? 443 : 80) : Number(port), isTls }
}

/** The name of the host, its port, and TLS, up to the first that fails. */
async function checkReach(config: ClickHouse): Promise<Step[]> {
  const { host, port, isTls } = addressOf(config)
  const openTls = () => {
    const files = config.tls === undefined ? {} : readTlsFiles(config.tls)
    return connectTls({ host, port, ...sniOf(host), ...files })
  }
  const probe = await probeConnection({
    ...{ host, port, waitMsMax },
    openTls: isTls ? openTls : undefined,
  })
  const steps = [nameStep(host, probe)]
  if (probe.failure?.step !== 'name') steps.push(connectionStep(`${host}:${port}`, probe))
  if (isTls && !['name', 'tcp'].includes(probe.failure?.step ?? '')) steps.push(tlsStep(probe))
  return steps
}

function nameStep(host: string, { addresses, failure }: ConnectionProbe): Step {
  const name = 'ClickHouse name'
  if (failure?.step !== 'name') {
    return { name, state: 'ok', detail: `${host} is ${addresses.join(', ')}` }
  }
  const detail = `${host}: ${connectionProblem(failure.error)}`
  return { name, state: 'fail', detail, fix: 'Correct the host in clickhouse.url, or your DNS.' }
}

/** An unreachable server is a warning, because it may not have been started yet. */
function connectionStep(at: string, { failure }: ConnectionProbe): Step {
  const name = 'ClickHouse connection'
  if (failure?.step !== 'tcp') {
    return { name, state: 'ok', detail: `${at} takes connections (clickhouse.url)` }
  }
  const said = connectionProblem(failure.error)
  const detail = said.includes(at.slice(at.lastIndexOf(':') + 1)) ? said : `${at}: ${said}`
  const fix =
    'Start the embedded stack with `winnow up`, or set clickhouse.url to your own. A server of your ' +
    'own takes HTTP on port 8123 and HTTPS on 8443 by default; check firewalls.'
  return { name, state: 'warn', detail, fix }
}

function tlsStep({ certificate, failure }: ConnectionProbe): Step {
  const name = 'ClickHouse TLS'
  if (certificate === undefined) {
    const detail = tlsProblem(failure?.error) ?? connectionProblem(failure?.error)
    const fix = 'Check clickhouse.url and the files of clickhouse.tls.'
    return { name, state: 'fail', detail, fix }
  }
  const { protocol, validToMs } = certificate
  const { daysLeft, isShort } = certificateAge(validToMs)
  const detail = `${protocol}, certificate valid until ${new Date(validToMs).toISOString()}`
  if (!isShort) return { name, state: 'ok', detail }
  const fix = `Renew the certificate of the server: it ends in ${counted(daysLeft, 'day')}.`
  return { name, state: 'warn', detail, fix, isEnd: false }
}

/** Addresses are no server names. */
function sniOf(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {}
}

async function checkLogin(config: ClickHouse): Promise<Step> {
  const name = 'ClickHouse login'
  const analytics = createAnalytics(
    { ...config, requestMsMax: Math.min(config.requestMsMax, 4 * waitMsMax) },
    { database: undefined },
  )
  try {
    const [row] = await analytics.rows<{ user: string }>('SELECT currentUser() AS user')
    return { name, state: 'ok', detail: `as ${row!.user}` }
  } catch (error) {
    const fix =
      'Check clickhouse.username, password and roles, and from which addresses the user may connect.'
    return { name, state: 'fail', detail: errorMessage(error), fix }
  } finally {
    await analytics.close()
  }
}

async function checkVersion(analytics: Analytics, config: ClickHouse): Promise<Step> {
  const name = 'ClickHouse version'
  const [row] = await analytics.rows<{ version: string }>('SELECT version() AS version')
  const { version } = row!
  if (!isSupported(version)) {
    const fix = `Update the server to ${versionMin} or later.`
    return { name, state: 'fail', detail: `${version} is too old`, fix }
  }
  try {
    await checkServer(analytics, config)
    return { name, state: 'ok', detail: version }
  } catch (error) {
    if (!(error instanceof WinnowError) || error.code !== 'analytics_unsupported') throw error
    const fix = 'Correct clickhouse.cluster, sharded or cloud as docs/clickhouse.md says.'
    return { name: 'ClickHouse cluster', state: 'fail', detail: error.message, fix }
  }
}

async function checkDatabase(analytics: Analytics, { database }: ClickHouse): Promise<Step> {
  const name = 'ClickHouse database'
  if (await hasDatabase(analytics, database)) return { name, state: 'ok', detail: database }
  const fix = 'Run `winnow migrate` as a user who may create it, or grant this one SELECT on it.'
  const detail = `${database} does not exist, or this user may not see it`
  return { name, state: 'warn', detail, fix }
}

async function checkMigrations(_analytics: Analytics, config: ClickHouse): Promise<Step> {
  const name = 'ClickHouse tables'
  try {
    const { missing } = await planMigrations(config)
    if (missing.length === 0) return { name, state: 'ok', detail: 'all migrations are applied' }
    const names = missing.map((one) => one.name)
    const shown = names.length > 3 ? `${names[0]} to ${names.at(-1)}` : names.join(', ')
    const detail = `${counted(missing.length, 'migration')} missing: ${shown}`
    return { name, state: 'warn', detail, fix: 'Run `winnow migrate`, with --dry-run first.' }
  } catch (error) {
    const fix = 'Do what the message says, or see docs/upgrading.md.'
    return { name, state: 'fail', detail: errorMessage(error), fix }
  }
}

/** Consumers that take over partitions ask every server of the cluster. */
async function checkServers(analytics: Analytics): Promise<Step> {
  const name = 'ClickHouse servers'
  try {
    const rows = await analytics.rows<{ host: string }>(
      `SELECT hostName() AS host FROM ${analytics.everywhere.table('system.one')} ORDER BY host`,
    )
    const hosts = rows.map(({ host }) => host).join(', ')
    return {
      name,
      state: 'ok',
      detail: `${counted(rows.length, 'server')} of the cluster: ${hosts}`,
    }
  } catch (error) {
    const fix =
      'Start the server that does not answer, or take it out of remote_servers. If servers refuse each ' +
      'other, give them the same <secret> there (docs/clickhouse.md).'
    return { name, state: 'warn', detail: errorMessage(error), fix }
  }
}

/** One line for all uses that the user has the rights for, and one for each other use. */
async function checkRights(analytics: Analytics, config: ClickHouse): Promise<Step[]> {
  const name = 'ClickHouse rights'
  const allowed: string[] = []
  const lines: Step[] = []
  for (const use of Object.keys(usedBy) as Use[]) {
    const missing = await readMissingGrants(analytics, use, config)
    if (missing === undefined) {
      const detail = 'this version of ClickHouse cannot say which rights a user has'
      const fix = 'Compare SHOW GRANTS with docs/clickhouse.md, or update to 24.11 or later.'
      return [{ name, state: 'warn', detail, fix }]
    }
    if (missing.length === 0) {
      allowed.push(use)
      continue
    }
    const grants = missing.map((grant) => grantStatement(grant, config.username))
    const detail = `${counted(missing.length, 'grant')} missing for ${usedBy[use]}`
    const fix = `If this user is to do that, run: ${grants.join('; ')}`
    lines.push({ name: `${name}: ${use}`, state: 'warn', detail, fix })
  }
  if (allowed.length === 0) return lines
  return [{ name, state: 'ok', detail: `enough for ${allowed.join(', ')}` }, ...lines]
}

/** Less is a failure, because ClickHouse soon refuses inserts and merges. */
const freeBytesMin = 2 ** 30
/** A smaller share is a warning. */
const freeShareMin = 0.1

async function checkDisks(analytics: Analytics): Promise<Step[]> {
  const disks = await readDisks(analytics)
  return disks.map(({ name: disk, freeBytes, totalBytes }): Step => {
    const name = `ClickHouse disk ${disk}`
    const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`
    const detail = `${gib(freeBytes)} of ${gib(totalBytes)} free`
    const isFull = freeBytes < freeBytesMin
    if (!isFull && freeBytes >= freeShareMin * totalBytes) return { name, state: 'ok', detail }
    const fix = 'Free some space or add some: merges need room (docs/sizing.md).'
    return { name, state: isFull ? 'fail' : 'warn', detail, fix }
  })
}

function noDisks(error: unknown): Step[] {
  const fix = 'Grant SELECT ON system.disks if doctor is to check free space.'
  return [{ name: 'ClickHouse disk', state: 'warn', detail: errorMessage(error), fix }]
}

/** A larger difference is a warning: latencies are the difference of two clocks. */
const skewMsMax = 1_000

async function checkClock(analytics: Analytics): Promise<Step> {
  const name = 'ClickHouse clock'
  const { aheadMs, errorMsMax } = await readClockSkew(analytics)
  const shown = `${Math.abs(aheadMs / 1_000).toFixed(1)} s ${aheadMs < 0 ? 'behind' : 'ahead'}`
  if (Math.abs(aheadMs) <= skewMsMax + errorMsMax) {
    return { name, state: 'ok', detail: 'agrees with this machine' }
  }
  const fix =
    'Synchronise both clocks, for example with NTP: latencies and times of rows are wrong.'
  return { name, state: 'warn', detail: shown, fix }
}

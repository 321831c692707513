// The dashboard in Chromium on the real broker, registry, engine and model: what a person comes for,
// from the address alone. tests/dashboard/run.ts has all views and looks, on made-up events. Without
// Chromium this file is skipped.
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { modelStoreDir } from '../../configs/paths.ts'
import { looksWrong, views, watch, type Watched } from '../dashboard/open-view.ts'
import { chromiumPath, launchChromium } from '../support/chromium.ts'
import { startWinnow, winnow, type Running } from '../support/cli.ts'
import { until } from '../support/until.ts'
import { openWorkspace, sampleText, trainTestModel, type Workspace } from '../support/workspace.ts'

const events = 60

let space: Workspace
let gateway: Running
let stream: Running
let browser: Browser
let watched: Watched
let page: Page
let url: string

const post = (path: string, body: unknown) =>
  fetch(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

async function open(fragment: string): Promise<void> {
  await page.goto(`${url}/${fragment}`)
}

describe.skipIf(chromiumPath === undefined)('the dashboard (skipped without Chromium)', () => {
  beforeAll(async () => {
    space = await openWorkspace(inject('stack'), { WINNOW_INFERENCE_WORKERS: '1' })
    const swapped: Record<string, string> = { praise: 'refund', refund: 'praise' }
    await trainTestModel(space.storeDir, { relabel: (label) => swapped[label] ?? label })
    await symlink(join(modelStoreDir(), 'bases'), join(space.storeDir, 'bases'))
    await winnow(['models', 'promote', 'test@1', '--reason', 'the first'], { env: space.env })
    const env = { ...space.env, WINNOW_INFERENCE_MODEL: 'test' }
    ;[gateway, stream, browser] = await Promise.all([
      startWinnow(['serve'], { env }),
      startWinnow(['stream', '--stages', 'validate..infer', '--model', 'test'], { env }),
      launchChromium(),
    ])
    url = String(gateway.document['url'])
    watched = await watch(browser, views[0]!, url)
    page = watched.page
    page.setDefaultTimeout(30_000)
    const texts = Array.from({ length: events }, (_, at) => sampleText(at).text)
    await post(
      '/v1/events',
      texts.map((text, at) => ({ id: `mail-${at}`, text, source: 'desk' })),
    )
    await until('all rows', async () => {
      const [row] = await space.analytics.rows<{ n: number }>(
        `SELECT toUInt32(count()) AS n FROM classifications WHERE source = 'desk'`,
      )
      return row!.n === events
    })
  })

  afterAll(async () => {
    await watched.close()
    await browser.close()
    await Promise.all([gateway.stop(), stream.stop()])
    await space.close()
  })

  it('says how many events of a label came in during the last five minutes', async () => {
    await open('')
    const [row] = await space.analytics.rows<{ n: number }>(
      `SELECT toUInt32(count()) AS n FROM classifications WHERE label = 'parcel'`,
    )
    const tile = page.getByRole('button', { name: /^parcel .* in the last 5 minutes/ })
    await tile.waitFor()
    expect(Number(await tile.locator('.tile-figure').innerText())).toBe(row!.n)
    expect(await looksWrong(page)).toEqual([])
  })

  it('shows a result as it lands, and why it got its label', async () => {
    await open('')
    await page.locator('.rows .row').first().waitFor()
    await post('/v1/events', { id: 'late-1', text: 'where on earth is my parcel?', source: 'chat' })
    await page.locator('.rows .row', { hasText: 'where on earth' }).click()
    await page.getByRole('heading', { name: /^Why / }).waitFor()
    await page.locator('.detail mark').first().waitFor()
    expect(page.url()).toContain('late-1')
  })

  it('corrects a label, which becomes a row', async () => {
    await open('#/live/mail-0')
    await page.getByRole('heading', { name: 'Wrong? Correct this label' }).waitFor()
    await page.locator('.correct').getByRole('button', { name: 'praise' }).click()
    await page.getByText('You labelled it').waitFor()
    const sql = `SELECT label FROM event_labels WHERE event_id = 'mail-0'`
    const stored = await until('the label', async () => {
      const { stdout } = await winnow(['query', sql, '--json'], { env: space.env })
      const { rows } = JSON.parse(stdout) as { rows: { label: string }[] }
      return rows.length > 0 && rows
    })
    expect(stored).toEqual([{ label: 'praise' }])
  })

  it('goes to another model and back, with a reason that stands in the log', async () => {
    await post('/v1/models/test/promote', { version: '2', reason: 'to try', force: 'a test' })
    await open('#/models')
    await page.getByRole('button', { name: /^Go back to test@1/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel(/^Reason/).fill('it mixes up praise and refunds')
    await dialog.getByRole('button', { name: 'Go back to test@1' }).click()
    await page.locator('.champion-name', { hasText: 'test@1' }).waitFor()
    await page.getByText('it mixes up praise and refunds').first().waitFor()
    const audit = (await (await fetch(`${url}/v1/audit`)).json()) as {
      entries: { action: string; reason: string }[]
    }
    expect(audit.entries[0]).toMatchObject({ reason: 'it mixes up praise and refunds' })
  })

  it('adds up: each event has a row or a dead letter', async () => {
    await post('/v1/events', { id: 'future-1', text: 'x', time: '2026-01-02T03:04:05Z' })
    await open('#/dead-letters')
    await page.getByText('nothing is lost').first().waitFor()
    expect(await looksWrong(page)).toEqual([])
  })

  it('reports no error of a script, of the policy or of the network', () => {
    expect(watched.problems).toEqual([])
  })
})

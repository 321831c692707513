// Compares how a place looks with a small picture of it in baselines/. Both are scaled to an eighth,
// so that fonts of another version make no difference, and a panel that moved or vanished does. The
// browser scales and compares, so no library for pictures is needed.
import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'

const folder = join(import.meta.dirname, 'baselines')
const scale = 8
/** A pixel differs if one of its three channels, 0 to 255, does by more. */
const channelMax = 40
/** The share of pixels that may differ. */
const shareMax = 0.02

/** The pictures of earlier runs. */
export type Baselines = {
  /** Says how a page differs from its picture; writes the picture if that was asked. */
  compare(page: Page, name: string): Promise<string[]>
}

/** Opens the pictures; the comparing page ends with the browser. */
export async function openBaselines(
  browser: Browser,
  { isUpdate }: { isUpdate: boolean },
): Promise<Baselines> {
  const comparing = await browser.newPage()
  if (isUpdate) await mkdir(folder, { recursive: true })
  return {
    async compare(page, name) {
      const shot = await page.screenshot({ animations: 'disabled', caret: 'hide' })
      const path = join(folder, `${name}.webp`)
      if (!isUpdate && !existsSync(path)) return [`there is no ${path}; write it with --update`]
      const before = isUpdate ? undefined : await readFile(path)
      const given = {
        now: shot.toString('base64'),
        before: before?.toString('base64'),
        scale,
        channelMax,
      }
      const { picture, share } = await comparing.evaluate<{ picture: string; share: number }>(
        `(${comparison})(${JSON.stringify(given)})`,
      )
      if (isUpdate) {
        await writeFile(path, Buffer.from(picture, 'base64'))
        return []
      }
      if (share <= shareMax) return []
      const differing = join(tmpdir(), `winnow-${name}.png`)
      await writeFile(differing, shot)
      const percent = (100 * share).toFixed(1)
      return [`${percent} % of it looks other than ${path}: see ${differing}`]
    },
  }
}

/** Runs in the browser: the scaled picture, and the share of its pixels that differ from before. */
const comparison = `async ({ now, before, scale, channelMax }) => {
  const drawn = async (address, by) => {
    const bitmap = await createImageBitmap(await (await fetch(address)).blob())
    const [width, height] = [Math.round(bitmap.width / by), Math.round(bitmap.height / by)]
    const canvas = new OffscreenCanvas(width, height)
    const context = canvas.getContext('2d')
    context.imageSmoothingQuality = 'high'
    context.drawImage(bitmap, 0, 0, width, height)
    return canvas
  }
  const pixels = (canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
  const after = await drawn('data:image/png;base64,' + now, scale)
  const blob = await after.convertToBlob({ type: 'image/webp', quality: 0.9 })
  const picture = btoa(String.fromCharCode(...new Uint8Array(await blob.arrayBuffer())))
  if (before === undefined) return { picture, share: 0 }
  const earlier = await drawn('data:image/webp;base64,' + before, 1)
  if (earlier.width !== after.width || earlier.height !== after.height) return { picture, share: 1 }
  const [a, b] = [pixels(after), pixels(earlier)]
  let differing = 0
  for (let at = 0; at < a.length; at += 4) {
    const isSame = [0, 1, 2].every((c) => Math.abs(a[at + c] - b[at + c]) <= channelMax)
    if (!isSame) differing += 1
  }
  return { picture, share: differing / (a.length / 4) }
}`

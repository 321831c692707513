// The same model on the processor and on WebGPU, with a GPU in software: the logits agree, a
// batch's composition does not change them, and two models share the device.
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { hasSoftwareGpu, noSoftwareGpu, softwareGpu } from '../../tests/support/software-gpu.ts'
import { writeTinyClassifier } from '../../tests/support/tiny-encoder.ts'
import type { WebGpuFindings } from '../../tests/support/webgpu-child.ts'

const child = fileURLToPath(new URL('../../tests/support/webgpu-child.ts', import.meta.url))

test(
  'WebGPU agrees with the processor, whatever the batch',
  { timeout: 150_000 },
  async (context) => {
    context.skip(!hasSoftwareGpu, noSoftwareGpu)
    const folder = await mkdtemp(join(tmpdir(), 'winnow-webgpu-'))
    try {
      const modelPath = join(folder, 'model.onnx')
      await writeTinyClassifier(modelPath, 'lengths')
      const { stdout } = await promisify(execFile)(process.execPath, [child, modelPath], {
        env: softwareGpu(),
      })
      const found = JSON.parse(stdout) as WebGpuFindings
      expect(found.providers).toEqual(['cpu', 'webgpu'])
      expect(found.batchSizes).toContain(3)
      expect(new Set(found.cpu.map(({ logits }) => logits.join())).size).toBe(3)
      for (const [index, { label, logits }] of found.cpu.entries()) {
        const { [index]: alone } = found.alone
        expect(alone?.label).toBe(label)
        for (const [at, logit] of logits.entries()) {
          expect(Math.abs(alone!.logits[at]! - logit)).toBeLessThan(1e-4)
        }
      }
      expect(found.together).toEqual(found.alone)
      const [plain, half] = found.checks
      expect(plain!.map(({ state }) => state)).toEqual(['ok', 'ok'])
      expect(half!.map(({ state }) => state)).toEqual(['ok', 'warn'])
      expect(half![1]!.detail).toMatch(/f16.+\(precision fp16\)/s)
    } finally {
      await rm(folder, { recursive: true })
    }
  },
)

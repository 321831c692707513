// A GPU in software for tests: SwiftShader, which Chromium carries with a Vulkan loader.
import { existsSync } from 'node:fs'

const folder = '/usr/lib/chromium'
const icd = `${folder}/vk_swiftshader_icd.json`

/** Whether this machine has it. */
export const hasSoftwareGpu = existsSync(icd) && existsSync(`${folder}/libvulkan.so.1`)

/** Why a test of WebGPU is skipped. */
export const noSoftwareGpu =
  `there is no software GPU here (looked for ${icd}). ` +
  'On Debian, install it with: apt-get install chromium'

/** The environment of a process whose only GPU is SwiftShader; a loader reads it at start. */
export function softwareGpu(): NodeJS.ProcessEnv {
  return { ...process.env, VK_ICD_FILENAMES: icd, LD_LIBRARY_PATH: folder }
}

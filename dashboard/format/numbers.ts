// How numbers are written: thousand separators, at most three significant digits where more say
// nothing, and units. The language is English, as the rest of the page.

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })
const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 })

/** 12,345 */
export function count(value: number): string {
  return whole.format(value)
}

/** 12.3K, for axes. */
export function shortCount(value: number): string {
  return Math.abs(value) < 10_000 ? decimals(value, value % 1 === 0 ? 0 : 1) : compact.format(value)
}

/** "1 event", "2,000 events". */
export function plural(value: number, noun: string, nouns = `${noun}s`): string {
  return `${count(value)} ${value === 1 ? noun : nouns}`
}

/** A share from 0 to 1 as per cent: 0.4 %, 12.3 %, 100 %. */
export function percent(share: number): string {
  const value = share * 100
  // Only exactly all is 100 %, and only exactly nothing is 0 %.
  if (share > 0 && value < 0.1) return '< 0.1 %'
  if (share < 1 && value > 99.9) return '> 99.9 %'
  return `${decimals(value, share === 1 || share === 0 ? 0 : 1)} %`
}

/** Events per second: 0.13, 4.2, 1,310. */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0'
  if (perSecond < 0.01) return '< 0.01'
  return decimals(perSecond, perSecond < 1 ? 2 : perSecond < 100 ? 1 : 0)
}

/** A length of time: 0.4 ms, 12 ms, 1.5 s, 3 min 20 s, 2 h 5 min, 3 d 4 h. */
export function duration(ms: number): string {
  if (ms < 10) return `${decimals(ms, 1)} ms`
  if (ms < 1_000) return `${decimals(ms, 0)} ms`
  const seconds = ms / 1_000
  if (seconds < 60) return `${decimals(seconds, seconds < 10 ? 1 : 0)} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return joined([minutes, 'min'], [Math.floor(seconds % 60), 's'])
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return joined([hours, 'h'], [minutes % 60, 'min'])
  return joined([Math.floor(hours / 24), 'd'], [hours % 24, 'h'])
}

/** 512 B, 1.5 MB */
export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let [size, unit] = [value, 0]
  for (; size >= 1_000 && unit < units.length - 1; unit++) size /= 1_000
  return `${decimals(size, unit === 0 || size >= 100 ? 0 : 1)} ${units[unit]!}`
}

/** A figure between -1 and 1, or any other: three places, no more than it needs. */
export function figure(value: number): string {
  if (Number.isInteger(value)) return count(value)
  if (Math.abs(value) < 0.001) return value.toExponential(1)
  return decimals(value, Math.abs(value) < 10 ? 3 : 1)
}

function decimals(value: number, places: number): string {
  return new Intl.NumberFormat('en', {
    minimumFractionDigits: 0,
    maximumFractionDigits: places,
  }).format(value)
}

function joined(...parts: [number, string][]): string {
  return parts
    .filter(([value], at) => at === 0 || value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ')
}

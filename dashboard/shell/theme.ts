// Light or dark: as the system says, until the person chooses. The choice is kept for all tabs.
import { useEffect, useState } from 'preact/hooks'

/** What the person chose. */
export type ThemeChoice = 'system' | 'light' | 'dark'

const name = 'winnow.theme'

/** The choice, and how to make it. It takes effect on the whole page. */
export function useTheme(): [ThemeChoice, (choice: ThemeChoice) => void] {
  const [choice, setChoice] = useState<ThemeChoice>(storedChoice)
  useEffect(() => {
    if (choice === 'system') delete document.documentElement.dataset['theme']
    else document.documentElement.dataset['theme'] = choice
    localStorage.setItem(name, choice)
    dispatchEvent(new Event('winnow-theme'))
  }, [choice])
  return [choice, setChoice]
}

function storedChoice(): ThemeChoice {
  const stored = localStorage.getItem(name)
  return stored === 'light' || stored === 'dark' ? stored : 'system'
}

/** Whether the page is dark at this moment. */
export function isDark(): boolean {
  const { theme } = document.documentElement.dataset
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark'
}

/** Calls back after each change between light and dark; returns how to stop. */
export function onThemeChange(call: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)')
  query.addEventListener('change', call)
  addEventListener('winnow-theme', call)
  return () => {
    query.removeEventListener('change', call)
    removeEventListener('winnow-theme', call)
  }
}

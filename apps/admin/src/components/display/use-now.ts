// The current time, for components that show how long ago something was.
import { useEffect, useState } from 'react'

/** @returns milliseconds since 1970, updated every `interval` milliseconds */
export function useNow(interval: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval)
    return () => clearInterval(timer)
  }, [interval])
  return now
}

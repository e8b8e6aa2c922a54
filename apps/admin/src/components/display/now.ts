// The time, for components that show how long ago something was.
import { useEffect, useState } from 'react'

/** Milliseconds since 1970, again every so many milliseconds. */
export function useNow(interval: number): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), interval)
    return () => clearInterval(timer)
  }, [interval])
  return now
}

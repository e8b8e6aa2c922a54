// The heading of a page takes the focus: someone who cannot see the page change must land where the new one begins.
import { type RefObject, useEffect, useRef } from 'react'

let isFirst = true

/** For the heading, which needs a `tabIndex` of -1. */
export function useHeadingFocus(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // The first page is read anyway.
    if (!isFirst) heading.current?.focus({ preventScroll: true })
    if (!isFirst) scrollTo(0, 0)
    isFirst = false
  }, [])
  return heading
}

// Moves the focus to the heading when the view changes, so that screen readers start reading there.
import { type RefObject, useEffect, useRef } from 'react'

let isFirst = true

/** @returns a ref for the heading, which needs `tabIndex={-1}` */
export function useHeadingFocus(): RefObject<HTMLHeadingElement | null> {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // Screen readers read the first view without it.
    if (!isFirst) heading.current?.focus({ preventScroll: true })
    if (!isFirst) scrollTo(0, 0)
    isFirst = false
  }, [])
  return heading
}

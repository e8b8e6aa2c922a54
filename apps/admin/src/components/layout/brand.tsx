// The logo and the name.
import mark from '../../icon.svg'
import { appText } from '../../strings/app.ts'

export function Brand() {
  return (
    <span className="brand">
      <img src={mark} alt="" width="24" height="24" />
      {appText.brand}
    </span>
  )
}

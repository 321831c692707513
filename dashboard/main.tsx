// The entry of the dashboard: styles, client, and the app in its place.
import { render } from 'preact'
import { createClient } from '../client/client.ts'
import { dashboardGateway } from './api/gateway.ts'
import { App } from './shell/app.tsx'
import { storedKey } from './shell/session.ts'
import './styles/tokens.css'
import './styles/elements.css'
import './styles/shell.css'
import './styles/parts.css'
import './styles/views.css'

const client = createClient({ key: storedKey })
const place = document.getElementById('app')
if (place !== null) render(<App gateway={dashboardGateway(client)} />, place)

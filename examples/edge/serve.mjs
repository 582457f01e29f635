/** workerd on this machine. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import workerd from 'workerd'

const PORT = Number(process.env.PORT ?? 8787)

/** @returns the process, listening */
export async function serve(port = PORT) {
  const args = ['serve', 'config.capnp', '--socket-addr', `http=127.0.0.1:${port}`]
  const server = spawn(workerd.default ?? workerd, args, { cwd: fileURLToPath(new URL('.', import.meta.url)), stdio: 'inherit' })
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/`)
      return server
    } catch (error) {
      if (attempt === 50) throw error
      await new Promise(resolve => setTimeout(resolve, 100))
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await serve()
  console.log(`http://127.0.0.1:${PORT}/`)
}

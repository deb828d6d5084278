import type { Scene } from '../scene.ts'

/**
 * One kind of kill. It happens under load; when it resolves, the scene is ready for {@link Scene.openTab} or has its tab still
 * (`keepsTab`), and everything that was killed runs again.
 */
export interface Target {
  readonly keepsTab: boolean
  /** @param instantMs how long the load goes on before the kill */
  kill(scene: Scene, instantMs: number): Promise<void>
}

import type { Scene } from '../scene.ts'

/**
 * One kind of kill. It happens under load; when it resolves, the scene is ready for {@link Scene.openTab} or has its tab still
 * (`keepsTab`), and everything that was killed runs again.
 */
export interface Target {
  readonly keepsTab: boolean
  /**
   * Resolves with the Background Sync events that the service worker says it has begun while no tab
   * of the app was open; null: this was no such round.
   *
   * @param instantMs how long the load goes on before the kill
   * @param round number of the round, from 0 on
   */
  kill(scene: Scene, instantMs: number, round: number): Promise<number | null>
}

/** JsSIP's classes extend the `events` package, which brings no types of its own. */
declare module "events" {
  export class EventEmitter {
    on(type: string, listener: (...values: never[]) => void): this;
    off(type: string, listener: (...values: never[]) => void): this;
  }
}

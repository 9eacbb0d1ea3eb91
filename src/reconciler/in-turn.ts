/** Works on one thing in turn: each piece begins when the one before has ended, well or not. Nothing is kept of names at rest. */
export function inTurn<Name, Result>(
  turns: Map<Name, Promise<void>>,
  name: Name,
  work: () => Promise<Result>,
): Promise<Result> {
  const turn = (turns.get(name) ?? Promise.resolve()).then(work, work);
  const settled = turn.then(
    () => {},
    () => {},
  );
  turns.set(name, settled);
  void settled.then(() => turns.get(name) === settled && turns.delete(name));
  return turn;
}

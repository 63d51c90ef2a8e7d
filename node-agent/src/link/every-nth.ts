/** A function that does `action` at each `n`th call. */
export function everyNth(n: number, action: () => void): () => void {
  let calls = 0;
  return () => {
    calls = (calls + 1) % n;
    if (calls === 0) action();
  };
}

// Runs before the first paint, so that a remembered theme does not flash.
try {
  const kept = localStorage.getItem("theme");
  if (kept) document.documentElement.dataset.theme = kept;
} catch {
  // A browser that keeps nothing for this site refuses to be asked; the system's choice stands.
}

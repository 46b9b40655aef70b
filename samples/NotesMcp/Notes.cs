using System.Collections.Concurrent;

namespace NotesMcp;

/// <summary>Everybody's notes, in memory: a sample forgets.</summary>
public sealed class Notes
{
    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> notes = new();

    /// <summary>The notes of whom the token stands for.</summary>
    public IReadOnlyList<string> Of(string subject) => notes.TryGetValue(subject, out var mine) ? [.. mine] : [];

    /// <summary>Writes one down.</summary>
    public void Add(string subject, string text) => notes.GetOrAdd(subject, _ => new()).Enqueue(text);
}

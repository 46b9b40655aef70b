using Npgsql.Internal;
using Npgsql.Internal.Postgres;

namespace OAuthServer.Stores.Postgres;

/// <summary>
/// Reads timestamptz of every size: PostgreSQL has years from 4713 BC to 294276 and two infinities, .NET has 1 to 9999, and one row
/// outside would fail every page, feed and loop that reads it. Years before 1000 and after 9000 become those: far enough off to mean
/// never, near enough that adding a token's life does not overflow.
/// </summary>
#pragma warning disable NPG9001 // Npgsql marks its converters as open to change; the compiler tells when they do.
internal sealed class Timestamps : PgTypeInfoResolverFactory
{
    private static readonly DateTime Epoch = new(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly long Least = Microseconds(new DateTime(1000, 1, 1, 0, 0, 0, DateTimeKind.Utc));
    private static readonly long Most = Microseconds(new DateTime(9000, 1, 1, 0, 0, 0, DateTimeKind.Utc));

    public override IPgTypeInfoResolver CreateResolver() => new Resolver();

    public override IPgTypeInfoResolver? CreateArrayResolver() => null;

    private static long Microseconds(DateTime time) => (time - Epoch).Ticks / TimeSpan.TicksPerMicrosecond;

    private sealed class Resolver : IPgTypeInfoResolver
    {
        private static readonly DataTypeName Name = new("pg_catalog.timestamptz");

        public PgTypeInfo? GetTypeInfo(Type? type, DataTypeName? dataTypeName, PgSerializerOptions options) =>
            // Dapper reads objects, whose unboxed type has to be said.
            dataTypeName == Name && (type is null || type == typeof(DateTime) || type == typeof(object))
                ? new(options, new Converter(), Name, unboxedType: type == typeof(object) ? typeof(DateTime) : null)
                : null;
    }

    private sealed class Converter : PgBufferedConverter<DateTime>
    {
        public override bool CanConvert(DataFormat format, out BufferRequirements bufferRequirements)
        {
            bufferRequirements = BufferRequirements.CreateFixedSize(sizeof(long));
            return format is DataFormat.Binary;
        }

        protected override DateTime ReadCore(PgReader reader) => Epoch.AddMicroseconds(Math.Clamp(reader.ReadInt64(), Least, Most));

        protected override void WriteCore(PgWriter writer, DateTime value)
        {
            if (value.Kind != DateTimeKind.Utc) throw new ArgumentException("a timestamptz is written from UTC", nameof(value));
            writer.WriteInt64(Microseconds(value));
        }
    }
}
#pragma warning restore NPG9001

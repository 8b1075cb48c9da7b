import java.lang.management.ManagementFactory;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Paths;
import java.time.LocalDate;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.iceberg.DataFile;
import org.apache.iceberg.Files;
import org.apache.iceberg.ManifestFile;
import org.apache.iceberg.ManifestFiles;
import org.apache.iceberg.ManifestReader;
import org.apache.iceberg.Snapshot;
import org.apache.iceberg.StructLike;
import org.apache.iceberg.TableMetadata;
import org.apache.iceberg.TableMetadataParser;
import org.apache.iceberg.io.FileIO;
import org.apache.iceberg.io.InputFile;
import org.apache.iceberg.io.OutputFile;

/** Answers a question about a table with iceberg-core's manifest reader, once per line of stdin. */
public class IcebergCore {
  /** Local files without Hadoop. */
  static class Local implements FileIO {
    public InputFile newInputFile(String path) { return Files.localInput(path); }
    public OutputFile newOutputFile(String path) { throw new UnsupportedOperationException(); }
    public void deleteFile(String path) { throw new UnsupportedOperationException(); }
  }

  static final int EVENT_TS = 2;

  /** CPU time of the whole process: also of the collector and the compiler. */
  static long cpu() {
    return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
  }

  static long micros(Map<Integer, ByteBuffer> bounds) {
    ByteBuffer b = bounds.get(EVENT_TS).duplicate().order(ByteOrder.LITTLE_ENDIAN);
    return b.getLong(b.position());
  }

  static String answer(String metadata, String question, long lastDay) throws Exception {
    FileIO io = new Local();
    TableMetadata table = TableMetadataParser.read(io, metadata);
    Snapshot head = table.currentSnapshot();
    Map<String, long[]> sums = new HashMap<>();
    List<String> columns = question.equals("Q1") ? List.of("partition", "file_size_in_bytes")
        : List.of("partition", "lower_bounds", "upper_bounds");
    for (ManifestFile m : head.allManifests(io)) {
      try (ManifestReader<DataFile> reader = ManifestFiles.read(m, io, table.specsById()).select(columns)) {
        for (DataFile f : reader) {
          StructLike p = f.partition();
          long day = p.get(0, Integer.class);
          if (question.equals("Q2") && day != lastDay) continue;
          String key = (day * 24 + p.get(1, Integer.class)) + ",\"" + (p.size() > 2 ? p.get(2, CharSequence.class) : "") + "\"";
          long[] s = sums.computeIfAbsent(key, k -> new long[] {0, question.equals("Q1") ? 0 : Long.MAX_VALUE, Long.MIN_VALUE});
          s[0]++;
          if (question.equals("Q1")) {
            s[1] += f.fileSizeInBytes();
          } else {
            s[1] = Math.min(s[1], micros(f.lowerBounds()));
            s[2] = Math.max(s[2], micros(f.upperBounds()));
          }
        }
      }
    }
    StringBuilder out = new StringBuilder("[");
    for (Map.Entry<String, long[]> e : sums.entrySet()) {
      if (out.length() > 1) out.append(',');
      long[] s = e.getValue();
      out.append('[').append(e.getKey()).append(',').append(s[0]).append(',').append(s[1]);
      if (question.equals("Q2")) out.append(',').append(s[2]);
      out.append(']');
    }
    return out.append(']').toString();
  }

  public static void main(String[] args) throws Exception {
    JsonNode table = new ObjectMapper().readTree(Paths.get(args[0]).toFile());
    long lastDay = LocalDate.parse(table.get("LastDay").asText()).toEpochDay();
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    while (in.readLine() != null) {
      long before = cpu();
      String rows = answer(table.get("Metadata").asText(), args[1], lastDay);
      long used = cpu() - before;
      System.out.println("{\"cpu\":" + used + ",\"rows\":" + rows + "}");
    }
  }
}

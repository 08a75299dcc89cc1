package io.tidegrid.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.datadoghq.sketch.ddsketch.DDSketch;
import com.datadoghq.sketch.ddsketch.DDSketches;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Beside Datadog's DDSketch of the same accuracy, values and merges. */
class HistogramOracleTest {

  private static final double ACCURACY = 0.0217;

  /** 101 values each, so that whole percents are ranks and nothing is interpolated. */
  private static final int PARTS = 10;

  @ParameterizedTest
  @EnumSource(names = {"CONSTANT", "GAUGE", "COUNTER", "LATENCY", "MIXED_SIGNS", "NEGATIVE"})
  void saysWhatDdSketchSays(ValueKind kind) {
    for (int seed = 0; seed < 50; seed++) {
      SplittableRandom random = new SplittableRandom(seed);
      DDSketch sketch = DDSketches.unboundedDense(ACCURACY);
      HistogramBuilder builder = new HistogramBuilder();
      for (int part = 0; part < PARTS; part++) {
        int size = part == 0 ? 101 : 100;
        DDSketch more = DDSketches.unboundedDense(ACCURACY);
        HistogramBuilder moreBuilder = new HistogramBuilder();
        for (double value : kind.values(size, random)) {
          more.accept(value);
          moreBuilder.add(value);
        }
        sketch.mergeWith(more);
        builder.addEncoded(moreBuilder.encode());
      }
      double ours = error(builder.scale());
      for (int percent = 1; percent <= 99; percent++) {
        double theirs = sketch.getValueAtQuantile(percent / 100.0);
        // Both are off from the exact value by their accuracy at most, so this much from each
        // other.
        double apart = Math.abs(theirs) * ((1 + ours) / (1 - ACCURACY) - 1) + 1e-9;
        assertThat(builder.quantile(percent / 100.0))
            .as("p%d, seed %d", percent, seed)
            .isCloseTo(theirs, within(apart));
      }
      assertThat((double) builder.count()).isEqualTo(sketch.getCount());
    }
  }

  private static double error(int scale) {
    double factor = Math.pow(2, Math.pow(2, -scale));
    return (factor - 1) / (factor + 1);
  }
}

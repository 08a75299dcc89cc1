package io.tidegrid.rollup;

import java.util.List;

/**
 * What is dirty on a member at one moment. Stays on the member, as streams between the stages do
 * not leave it.
 *
 * @param open whether figures can be taken now
 */
record Look(RollupPorts ports, long nowMs, boolean open, List<DirtySpan> dirty) {}

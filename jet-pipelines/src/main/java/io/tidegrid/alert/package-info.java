/**
 * The Jet job that judges samples by alert rules as shards take them: which rules a series meets,
 * clocks and windows, and what changes by a sample. Works through ports that the node supplies: the
 * rules, the shards, and a ledger in the grid where changes are recorded before anybody hears of
 * them. Knows neither HTTP nor SQL nor the store.
 */
package io.tidegrid.alert;

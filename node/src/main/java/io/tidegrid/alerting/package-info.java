/**
 * Alerts of a node: the rules and who may change them, how alerts stand in the grid and in the
 * database, their history, silences, the stream of announcements, and the receivers outside that
 * are told. What samples mean for alerts is judged in {@code io.tidegrid.alert}, through ports that
 * are supplied here. Called by the HTTP resources and by the node that puts it together; knows
 * nothing of HTTP requests.
 */
package io.tidegrid.alerting;

package io.tidegrid.alerting;

/**
 * All that others may do with alerts.
 *
 * @param rules the rules
 * @param alerts how alerts stand and stood
 * @param silences what keeps them from being sent
 * @param streams announcements as they are made
 */
public record AlertDoors(
    AlertRules rules, Alerts alerts, Silences silences, AlertStreams streams) {}

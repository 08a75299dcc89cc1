/**
 * The names, keys, values and serializers of the distributed maps, shared by members and clients.
 * It knows the model, the codec and Hazelcast's serialization, and never touches a running
 * instance.
 */
package io.tidegrid.grid;

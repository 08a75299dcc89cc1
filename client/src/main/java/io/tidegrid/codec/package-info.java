/**
 * How samples are turned into bytes: the chunk encoding of the store and the wire forms that
 * members and clients exchange. Used by the store, the grid's serializers and clients. It knows the
 * model and nothing else.
 */
package io.tidegrid.codec;

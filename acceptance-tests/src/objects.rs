//! The operator's objects, untyped: a test sees what is really there.

use kube::Client;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind};

/// The objects of a kind of the operator's, such as `FlinkDeployment`, in a namespace.
pub fn objects(client: &Client, namespace: &str, kind: &str) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("flink.apache.org", "v1beta1", kind));
    Api::namespaced_with(client.clone(), namespace, &resource)
}

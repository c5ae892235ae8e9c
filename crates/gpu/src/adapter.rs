//! Which adapter there is, and whether it is more than software.

/// What is known of an adapter.
pub(crate) struct Description {
    /// Its name, for people.
    pub(crate) name: String,
    /// Whether it computes on the CPU.
    pub(crate) software: bool,
}

/// Reads what the driver says of itself.
#[cfg(not(target_arch = "wasm32"))]
pub(crate) async fn describe(adapter: &wgpu::Adapter) -> Description {
    let info = adapter.get_info();
    Description { software: info.device_type == wgpu::DeviceType::Cpu, name: info.name }
}

/// Asks the browser itself: wgpu reports neither fallback adapters nor architectures on the web.
#[cfg(target_arch = "wasm32")]
pub(crate) async fn describe(adapter: &wgpu::Adapter) -> Description {
    let mut description = Description { name: adapter.get_info().name, software: false };
    let Some(adapter) = request().await else { return description };
    let info = get(&adapter, "info");
    let text = |key| info.as_ref().and_then(|info| get(info, key)).and_then(|value| value.as_string());
    let words: Vec<String> = ["vendor", "architecture", "description"]
        .into_iter()
        .filter_map(text)
        .filter(|word| !word.is_empty())
        .collect();
    if !words.is_empty() {
        description.name = words.join(" ");
    }
    // The flag moved from the adapter to its info; software adapters that do not set it are known by name.
    let flagged = [info.as_ref(), Some(&adapter)]
        .into_iter()
        .flatten()
        .any(|object| get(object, "isFallbackAdapter").and_then(|flag| flag.as_bool()).unwrap_or_default());
    let lower = description.name.to_lowercase();
    description.software =
        flagged || ["swiftshader", "llvmpipe", "basic render"].iter().any(|name| lower.contains(name));
    description
}

/// The adapter as wgpu asked for it, from the global object of a window or a worker.
#[cfg(target_arch = "wasm32")]
async fn request() -> Option<wasm_bindgen::JsValue> {
    use wasm_bindgen::JsCast as _;
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: js_sys::Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let promise: js_sys::Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    wasm_bindgen_futures::JsFuture::from(promise).await.ok().filter(|adapter| adapter.is_object())
}

/// A property that is there.
#[cfg(target_arch = "wasm32")]
fn get(object: &wasm_bindgen::JsValue, key: &str) -> Option<wasm_bindgen::JsValue> {
    js_sys::Reflect::get(object, &key.into()).ok().filter(|value| !value.is_undefined() && !value.is_null())
}
